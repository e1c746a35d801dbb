"""From tokens to the text feature the decoder speaks from."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from distill.teachers.kokoro_torch.config import KokoroConfig


def both_ways(inside: int, outside: int) -> nn.LSTM:
    """A bidirectional LSTM of one layer over float32 [batch, time, inside], giving [batch, time, outside]."""
    return nn.LSTM(inside, outside // 2, batch_first=True, bidirectional=True)


class TextEncoder(nn.Module):
    """Token ids int64 [batch, tokens] to float32 [batch, hidden, tokens]."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        width = config.hidden
        self.embedding = nn.Embedding(config.tokens, width)
        self.cnn = nn.ModuleList(nn.Sequential(nn.Conv1d(width, width, 5, padding=2), nn.LayerNorm(width)) for _ in range(3))
        self.lstm = both_ways(width, width)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids)
        for conv, norm in self.cnn:
            x = F.leaky_relu(norm(conv(x.mT).mT), 0.2)
        return self.lstm(x)[0].mT
