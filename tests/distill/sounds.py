"""Synthetic speech-like sounds with known properties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 24_000


def glide(f0_hz: NDArray[np.float64], seed: int = 0) -> NDArray[np.float32]:
    """Harmonics falling by 6 dB an octave; ``f0_hz`` [samples], 0 where there is faint noise instead."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    wave = sum(np.sin(k * phase) / k * (k * f0_hz < 5000) for k in range(1, 30))
    noise = 0.02 * np.random.default_rng(seed).standard_normal(len(f0_hz))
    return (0.1 * np.where(f0_hz > 0, wave, 0) + 0.1 * noise).astype(np.float32)


def sentence(seconds: float = 1.0, *, base_hz: float = 200.0, seed: int = 0) -> NDArray[np.float32]:
    """Two voiced stretches with falling and rising pitch, noise between and around them."""
    time = np.arange(int(seconds * RATE)) / RATE / seconds
    f0 = base_hz * (1 + 0.3 * np.sin(2 * np.pi * 1.5 * time))
    f0[(time < 0.1) | (time > 0.9) | ((time > 0.45) & (time < 0.55))] = 0
    return glide(f0, seed)
