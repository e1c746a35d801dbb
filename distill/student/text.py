"""Phonemes to features and durations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from distill.student.blocks import ConvNeXt, SelfAttention
from distill.student.config import StudentConfig


class TextEncoder(nn.Module):
    """Phoneme ids to a feature and a log-duration for each token."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        dim, condition = config.text_dim, config.condition_dim
        self.embedding = nn.Embedding(config.n_symbols, dim)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.blocks = nn.ModuleList([ConvNeXt(dim, config.text_hidden, condition) for _ in range(config.text_blocks)])
        self.attention = nn.ModuleDict({str(i): SelfAttention(dim, config.text_heads) for i in config.attention_after})
        self.norm = nn.LayerNorm(dim)
        self.duration_blocks = nn.ModuleList(
            [ConvNeXt(dim, 2 * dim, condition) for _ in range(config.duration_blocks)]
        )
        self.duration = nn.Linear(dim, 1)

    def forward(self, ids: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """``ids`` int64 [batch, tokens], ``mask`` [batch, tokens, 1] -> features [batch, tokens, dim], log-durations
        [batch, tokens] in the natural logarithm of 25 ms units."""
        x = self.embedding(ids)
        for index, block in enumerate(self.blocks):
            x = block(x, condition, mask)
            if str(index) in self.attention:
                x = self.attention[str(index)](x, mask)
        features = self.norm(x)
        y = features
        for block in self.duration_blocks:
            y = block(y, condition, mask)
        return features * mask, self.duration(y).squeeze(-1)


def expand(features: Tensor, frames: Tensor) -> Tensor:
    """Repeat each token's feature over its frames and append where in the token a frame lies.

    ``features`` [tokens, dim], ``frames`` int64 [tokens] -> [sum(frames), dim + 2]: the extra channels are the
    position within the token, -1 to 1, and the token's length as log frames.
    """
    index = torch.repeat_interleave(torch.arange(len(frames), device=frames.device), frames)
    start = torch.cumsum(frames, 0) - frames
    length = frames[index].to(features.dtype)
    position = (torch.arange(len(index), device=frames.device) - start[index]).to(features.dtype)
    place = torch.stack([(2 * position + 1) / length - 1, torch.log(length) - 2], -1)
    return torch.cat([features[index], place], -1)
