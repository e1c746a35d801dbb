"""What the vocoder starts from, and the transform it works in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from distill.teachers.kokoro_torch.config import HOP, N_FFT, N_HARMONICS, SAMPLE_RATE, SAMPLES_PER_FRAME

_AMPLITUDE = 0.1
_VOICED_HZ = 10.0


class HarmonicSource(nn.Module):
    """Sines at the multiples of F0 [batch, frames] in one wave [batch, 300 * frames], as of the neural source filter
    (arXiv 1904.12088) but without its random phases and noise, as the public export has it: the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.l_linear = nn.Linear(N_HARMONICS, 1)

    def forward(self, f0_hz: Tensor) -> Tensor:
        multiples = torch.arange(1, N_HARMONICS + 1, device=f0_hz.device)
        turns = (f0_hz[:, None] * multiples[:, None] / SAMPLE_RATE % 1).double().cumsum(-1) * SAMPLES_PER_FRAME
        turns = nn.functional.interpolate(turns, scale_factor=SAMPLES_PER_FRAME, mode="linear")
        sines = _AMPLITUDE * torch.sin(2 * math.pi * (turns % 1).float())
        voiced = (f0_hz > _VOICED_HZ).repeat_interleave(SAMPLES_PER_FRAME, -1)
        return torch.tanh(self.l_linear((sines * voiced[:, None]).mT)).squeeze(-1)


def spectrum(wave: Tensor) -> Tensor:
    """Magnitudes and phases float32 [batch, 22, samples / 5 + 1] of ``wave`` [batch, samples]."""
    found = torch.stft(wave, N_FFT, HOP, window=_window(wave), return_complex=True)
    return torch.cat([found.abs(), found.angle()], 1)


def inverse(magnitude: Tensor, phase: Tensor) -> Tensor:
    """Audio [batch, 5 * (frames - 1)] of ``magnitude`` and ``phase`` [batch, 11, frames]."""
    return torch.istft(torch.polar(magnitude, phase), N_FFT, HOP, window=_window(magnitude))


def _window(like: Tensor) -> Tensor:
    return torch.hann_window(N_FFT, device=like.device)
