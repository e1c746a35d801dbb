"""Mains hum: lines at 50 or 60 Hz and their multiples that stand still while everything else moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE = 2_000
WINDOW_S = 2
HOP_S = 1
MAINS_HZ = (50, 60)
HARMONICS = 10
DRIFT = 0.004
"""Mains frequency stays well within this part of its nominal value."""

STEADY_PERCENTILE = 25
"""A line is there in nearly every window; a voice's harmonics are not."""

STANDS_OUT_DB = 12.0
NEIGHBOURS_HZ = (2.0, 8.0)
FEWEST_WINDOWS = 6
BATCH = 256


@dataclass(frozen=True, slots=True)
class Hum:
    """``level_db`` of all its lines together, dB of full scale; ``mains_hz`` 50 or 60; ``lines_hz`` those found."""

    level_db: float
    mains_hz: int
    lines_hz: tuple[int, ...]


class LowBand:
    """Collects the recording below 1 kHz: 29 MB an hour."""

    def __init__(self, sample_rate: int) -> None:
        self._resample = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32")
        self._pieces: list[NDArray[np.float32]] = []

    def add(self, wave: NDArray[np.float32]) -> None:
        """``wave`` [samples], the next piece."""
        self._pieces.append(self._resample.resample_chunk(wave))

    def wave(self) -> NDArray[np.float32]:
        """All of it, [samples at :data:`RATE`]; nothing may be added afterwards."""
        return np.concatenate([*self._pieces, self._resample.resample_chunk(np.zeros(0, np.float32), last=True)])


def find_hum(wave: NDArray[np.float32]) -> Hum | None:
    """The louder of 50 and 60 Hz hum in ``wave`` [samples at :data:`RATE`].

    ``level_db`` is -inf if there is none; None if the wave is too short (under seven seconds) to tell a steady line.
    """
    starts = np.arange(0, len(wave) - WINDOW_S * RATE + 1, HOP_S * RATE)
    if len(starts) < FEWEST_WINDOWS:
        return None
    spectrum = _steady_spectrum(wave, starts)
    found = [_lines(spectrum, mains_hz) for mains_hz in MAINS_HZ]
    return max(found, key=lambda hum: (hum.level_db, -len(hum.lines_hz)))


def _steady_spectrum(wave: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Power of a sine at each bin of 0.5 Hz that is there most of the time, [bins up to the highest harmonic]."""
    length = WINDOW_S * RATE
    window = np.hanning(length).astype(np.float32)
    top = int((max(MAINS_HZ) * HARMONICS * (1 + DRIFT) + NEIGHBOURS_HZ[1] + 1) * WINDOW_S)
    rows = []
    for batch in np.split(starts, range(BATCH, len(starts), BATCH)):
        pieces = wave[batch[:, None] + np.arange(length)] * window
        rows.append(np.square(np.abs(np.fft.rfft(pieces, axis=-1)[:, :top])).astype(np.float32))
    return np.percentile(np.concatenate(rows), STEADY_PERCENTILE, axis=0) * (2 / window.sum() ** 2)


def _lines(spectrum: NDArray[np.float64], mains_hz: int) -> Hum:
    frequency = np.arange(len(spectrum)) / WINDOW_S
    power, lines = 0.0, []
    for line_hz in mains_hz * np.arange(1, HARMONICS + 1):
        gap = np.abs(frequency - line_hz)
        near = gap <= max(line_hz * DRIFT, 0.5)
        around = (gap >= NEIGHBOURS_HZ[0] + line_hz * DRIFT) & (gap <= NEIGHBOURS_HZ[1])
        here, background = float(spectrum[near].max()), float(np.median(spectrum[around]))
        if here > max(background, 1e-14) * 10 ** (STANDS_OUT_DB / 10):
            power += here
            lines.append(int(line_hz))
    return Hum(10 * np.log10(power) if power else -np.inf, mains_hz, tuple(lines))
