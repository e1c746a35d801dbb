"""Full-band harmonic source from F0, with the teacher's own phase recipe."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from distill.student.prosody import F0_FLOOR_HZ

TOP_HZ = 11_000.0
LEVEL = 0.3


def phase_cycles(f0_hz: Tensor, sample_rate: int, hop: int, before: Tensor | None = None) -> Tensor:
    """Phase of the fundamental in cycles, float32 [batch, frames * hop]; ``before`` float64 [batch, 1] is where it stood.

    Kokoro's recipe, so that a student's harmonics stand where the teacher's do: the phase at the centre of frame i is
    the running sum of F0 up to and including i, linear between centres, constant before the first and after the last.
    """
    batch, frames = f0_hz.shape
    # float64: a long utterance accumulates thousands of cycles of which only the fraction matters
    centre = torch.cumsum(f0_hz.double() * hop / sample_rate, -1)
    if before is not None:
        centre = centre + before
    at = (torch.arange(frames * hop, device=f0_hz.device, dtype=torch.float64) + 0.5) / hop - 0.5
    at = at.clamp(0, frames - 1)
    low = at.floor().long().clamp(max=max(frames - 2, 0))
    weight = at - low
    high = (low + 1).clamp(max=frames - 1)
    return (torch.lerp(centre[:, low], centre[:, high], weight.expand(batch, -1)) % 1.0).float()


def harmonic_source(f0_hz: Tensor, sample_rate: int = 24_000, hop: int = 300, before: Tensor | None = None) -> Tensor:
    """Sum of all harmonics up to 11 kHz in closed form; ``f0_hz`` [batch, frames], low where unvoiced -> [batch, samples].

    ``before`` as in :func:`phase_cycles`, for a crop that does not begin at the beginning.
    """
    cycles = phase_cycles(f0_hz, sample_rate, hop, before)
    f0 = f0_hz.repeat_interleave(hop, -1)
    voiced = f0 > F0_FLOOR_HZ
    count = torch.floor(TOP_HZ / f0.clamp_min(F0_FLOOR_HZ))
    x = math.pi * cycles
    denominator = torch.sin(x)
    # sum_{k=1..n} sin(2 k x) = sin(n x) sin((n + 1) x) / sin(x); it tends to 0 where sin(x) does
    safe = denominator.abs() > 1e-3
    wave = torch.sin(count * x) * torch.sin((count + 1) * x) / torch.where(safe, denominator, torch.ones_like(x))
    return torch.where(safe & voiced, wave / count.sqrt() * LEVEL, torch.zeros_like(wave))
