"""How long, how high, how loud."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from distill.teachers.kokoro_torch.blocks import AdaptiveNorm, StyledBlock
from distill.teachers.kokoro_torch.config import KokoroConfig
from distill.teachers.kokoro_torch.text import both_ways


class DurationEncoder(nn.Module):
    """``x`` float32 [batch, hidden, tokens] to [batch, tokens, hidden + style], the style appended."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(3):
            layers.append(both_ways(config.hidden + config.style, config.hidden))
            layers.append(AdaptiveNorm(config.style, config.hidden, over_channels=True))
        self.lstms = nn.ModuleList(layers)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        everywhere = style[..., None].expand(-1, -1, x.shape[-1])
        x = torch.cat([x, everywhere], 1)
        for lstm, norm in zip(self.lstms[::2], self.lstms[1::2], strict=True):
            x = torch.cat([norm(lstm(x.mT)[0].mT, style), everywhere], 1)
        return x.mT


class ProsodyPredictor(nn.Module):
    """Durations first; F0 and energy once the durations have spread the tokens over time."""

    def __init__(self, config: KokoroConfig) -> None:
        super().__init__()
        width, style = config.hidden, config.style
        self.text_encoder = DurationEncoder(config)
        self.lstm = both_ways(width + style, width)
        self.duration_proj = nn.Linear(width, config.max_units)
        self.shared = both_ways(width + style, width)
        self.F0, self.N = (_track(width, style) for _ in range(2))
        self.F0_proj, self.N_proj = (nn.Conv1d(width // 2, 1, 1) for _ in range(2))

    def durations(self, x: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Of ``x`` float32 [batch, hidden, tokens]: features [batch, tokens, hidden + style] and units of 25 ms [batch, tokens]."""
        features = self.text_encoder(x, style)
        return features, torch.sigmoid(self.duration_proj(self.lstm(features)[0])).sum(-1)

    def tracks(self, features: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Of ``features`` [batch, units, hidden + style]: F0 in Hz and log energy, each [batch, 2 * units]."""
        shared = self.shared(features)[0].mT
        found = []
        for blocks, last in ((self.F0, self.F0_proj), (self.N, self.N_proj)):
            x = shared
            for block in blocks:
                x = block(x, style)
            found.append(last(x).squeeze(1))
        return found[0], found[1]


def _track(width: int, style: int) -> nn.ModuleList:
    sizes = ((width, width, False), (width, width // 2, True), (width // 2, width // 2, False))
    return nn.ModuleList(StyledBlock(inside, outside, style, doubled=doubled) for inside, outside, doubled in sizes)
