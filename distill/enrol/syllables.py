"""Syllables without recognition: voiced peaks of the level between 500 Hz and 3 kHz.

After de Jong and Wempe (2009): a peak counts if the level dips by 2 dB before it and it is voiced.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from distill.enrol.activity import Activity
from distill.enrol.frames import BAND_HZ
from distill.evaluate import pitch

VOWELS = slice(500 // BAND_HZ, 3000 // BAND_HZ)
SMOOTH_FRAMES = 5
DIP_DB = 2.0
RANGE_DB = 25.0
TOP_PERCENTILE = 95
PITCH_RATE = 16_000
NEAR_FRAMES = 2


class Voicing:
    """Collects F0 block by block."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._pieces: list[NDArray[np.float32]] = []

    def add(self, wave: NDArray[np.float32]) -> None:
        """``wave`` [samples], the next piece, of a length that is a whole number of 1/80 s unless it is the last."""
        if self._rate != PITCH_RATE:
            wave = soxr.resample(wave, self._rate, PITCH_RATE)
        self._pieces.append(pitch.track(wave, PITCH_RATE))

    def f0_hz(self, n_frames: int) -> NDArray[np.float32]:
        """F0 on the 1/80 s grid, [n_frames], 0 where unvoiced."""
        track = np.concatenate([*self._pieces, np.zeros(n_frames, np.float32)])
        return track[:n_frames]


def find_nuclei(bands_db: NDArray[np.float16], f0_hz: NDArray[np.float32], activity: Activity) -> NDArray[np.int64]:
    """Frames at which syllables peak, [syllables]."""
    if not activity.active.any():
        return np.zeros(0, np.int64)
    level = 10 * np.log10(np.power(10, bands_db[:, VOWELS].astype(np.float32) / 10).sum(-1))
    window = np.hanning(SMOOTH_FRAMES + 2)[1:-1]
    level = np.convolve(np.pad(level, SMOOTH_FRAMES // 2, mode="edge"), window / window.sum(), "valid")
    least = np.percentile(level[activity.active], TOP_PERCENTILE) - RANGE_DB
    near = np.lib.stride_tricks.sliding_window_view(np.pad(f0_hz, NEAR_FRAMES), 2 * NEAR_FRAMES + 1)
    voiced = (near > 0).any(-1)
    return np.array([peak for peak in _peaks(level) if level[peak] > least and voiced[peak]], np.int64)


def _peaks(level: NDArray[np.float64]) -> list[int]:
    """Local maxima with a dip of :data:`DIP_DB` between each and the next."""
    found: list[int] = []
    low = level[0]
    for at in np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:])) + 1:
        if found:
            low = level[found[-1] : at].min()
        if not found or (level[found[-1]] - low >= DIP_DB and level[at] - low >= DIP_DB):
            found.append(int(at))
        elif level[at] > level[found[-1]]:
            found[-1] = int(at)
    return found
