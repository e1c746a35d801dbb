"""A reference spectrogram to a voice vector (MelStyleEncoder of Meta-StyleSpeech, Min et al. 2021)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from quantize.gptsovits.config import STYLE_DIM

HEADS = 2
KERNEL = 5


class _Linear(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class _Conv(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, KERNEL, padding=KERNEL // 2)


class _Gated(nn.Module):
    """[frames, width] -> the same: a gated convolution and its residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _Conv(width, 2 * width)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.conv1.conv(x.T[None])[0].T.chunk(2, -1)
        return x + value * gate.sigmoid()


class _Attention(nn.Module):
    """Scores are scaled by the whole width, not by one head's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w_qs, self.w_ks, self.w_vs, self.fc = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        width = x.shape[-1]
        q, k, v = (each(x).reshape(len(x), HEADS, -1).transpose(0, 1) for each in (self.w_qs, self.w_ks, self.w_vs))
        mixed = (q @ k.transpose(-1, -2) * width**-0.5).softmax(-1) @ v
        return x + self.fc(mixed.transpose(0, 1).reshape(len(x), width))


class StyleEncoder(nn.Module):
    """Parameter names are the checkpoint's."""

    def __init__(self, bins: int, speaker: int) -> None:
        super().__init__()
        self.spectral = nn.ModuleDict({"0": _Linear(bins, STYLE_DIM), "3": _Linear(STYLE_DIM, STYLE_DIM)})
        self.temporal = nn.Sequential(_Gated(STYLE_DIM), _Gated(STYLE_DIM))
        self.slf_attn = _Attention(STYLE_DIM)
        self.fc = _Linear(STYLE_DIM, speaker)

    def forward(self, spectrum: Tensor) -> Tensor:
        """``spectrum`` float32 [bins, frames] -> [speaker]."""
        x = spectrum.T
        for layer in self.spectral.values():
            x = F.mish(layer(x))
        return self.fc(self.slf_attn(self.temporal(x))).mean(0)
