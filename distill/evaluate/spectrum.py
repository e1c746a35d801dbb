"""Spectra on the 1/80 s grid and what is measured on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.clip import FRAMES_PER_S

WINDOW_S = 0.04
BANDS = 80
RANGE_DB = 70.0
"""How far below a clip's loudest frame differences count: further down nobody hears them."""

WHISTLE_HZ = (2000.0, 3000.0)
AROUND_HZ = (1500.0, 4000.0)
WHISTLE_AVERAGE_FRAMES = 5


def power(wave: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Power spectrum [ceil(samples * 80 / sample_rate), bins] of Hann windows around the middle of each 1/80 s; the wave
    is scaled to unit RMS first, so that loudness, which the player sets anyway, is not compared."""
    length, hop = int(WINDOW_S * sample_rate), sample_rate / FRAMES_PER_S
    wave = wave / max(float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) if len(wave) else 0.0, 1e-6)
    count = int(np.ceil(len(wave) / hop))
    starts = np.round((np.arange(count) + 0.5) * hop).astype(int)
    pieces = np.pad(wave, (length // 2, length))[starts[:, None] + np.arange(length)]
    return np.square(np.abs(np.fft.rfft(pieces * np.hanning(length), axis=-1))) + 1e-9


def band_levels(spectrum: NDArray[np.float64], sample_rate: int, bands: int = BANDS) -> NDArray[np.float64]:
    """Levels in dB [frames, bands] of triangular bands, equally wide in mel, from 0 Hz to 12 kHz or half the rate."""
    frequency = np.linspace(0, sample_rate / 2, spectrum.shape[1])
    top = 2595 * np.log10(1 + min(sample_rate / 2, 12_000) / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    rising = (frequency[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0, None)
    # a low band may lie between two bins: then the nearest one stands for it
    nearest = np.abs(frequency[:, None] - edges[1:-1]).argmin(0)
    empty = weights.sum(0) == 0
    weights[nearest[empty], np.flatnonzero(empty)] = 1
    return 10 * np.log10(spectrum @ weights)


def log_spectral_distance(reference_db: NDArray[np.float64], other_db: NDArray[np.float64]) -> float:
    """RMS over bands of the level difference in dB, averaged over the frames in which the reference is audible.

    Both [frames, bands] from :func:`band_levels`, already on one time axis. What lies more than :data:`RANGE_DB` below
    the reference's loudest band counts as lying there.
    """
    floor = reference_db.max() - RANGE_DB
    audible = reference_db.max(-1) > floor
    gap = np.maximum(reference_db, floor) - np.maximum(other_db, floor)
    return float(np.sqrt(np.square(gap[audible]).mean(-1)).mean())


def whistle(spectrum: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """How far the strongest narrow band at 2 to 3 kHz stands out of its surroundings, in dB, [frames].

    Spectra are averaged over 1/16 s, then the highest bin (25 Hz) is compared with the median of 1.5 to 4 kHz. A voice's
    own harmonics stand out too: only the excess over the teacher in the same place means anything.
    """
    kernel = np.ones(WHISTLE_AVERAGE_FRAMES) / WHISTLE_AVERAGE_FRAMES
    low, high = (int(np.ceil(hz / (sample_rate / 2) * (spectrum.shape[1] - 1))) for hz in AROUND_HZ)
    around = np.apply_along_axis(lambda column: np.convolve(column, kernel, "same"), 0, spectrum[:, low:high])
    frequency = np.linspace(0, sample_rate / 2, spectrum.shape[1])[low:high]
    inside = (frequency >= WHISTLE_HZ[0]) & (frequency <= WHISTLE_HZ[1])
    return 10 * np.log10(around[:, inside].max(-1) / np.median(around, -1))
