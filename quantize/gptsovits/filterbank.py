"""Log energies in mel bands as Kaldi computes them by default, without dither: what speaker verification hears."""

from __future__ import annotations

import torch
from torch import Tensor

RATE_HZ = 16_000
FRAME, STEP, N_FFT = 400, 160, 512
LOW_HZ, HIGH_HZ = 20.0, RATE_HZ / 2
PREEMPHASIS = 0.97
WINDOW_POWER = 0.85
"""Of a Hann window: Povey's."""


def features(wave: Tensor, bands: int = 80) -> Tensor:
    """``wave`` float32 [samples >= 400] at 16 kHz in -1..1 -> float32 [frames, bands]."""
    frames = wave.unfold(0, FRAME, STEP)
    frames = frames - frames.mean(1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], 1)
    window = torch.hann_window(FRAME, periodic=False) ** WINDOW_POWER
    spectrum = torch.fft.rfft((frames - PREEMPHASIS * before) * window, N_FFT)
    energies = spectrum.abs().square()[:, : N_FFT // 2] @ _triangles(bands)
    return energies.clamp(min=torch.finfo(torch.float32).eps).log()


def _triangles(bands: int) -> Tensor:
    """Triangles of equal width in mel, [N_FFT // 2, bands]."""
    edges = torch.linspace(float(_mel(torch.tensor(LOW_HZ))), float(_mel(torch.tensor(HIGH_HZ))), bands + 2)
    bins = _mel(torch.arange(N_FFT // 2) * (RATE_HZ / N_FFT))[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    return torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp(min=0)


def _mel(hz: Tensor) -> Tensor:
    return 1127.0 * (1.0 + hz / 700.0).log()
