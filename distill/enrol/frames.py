"""Short-time levels on the 1/80 s grid, from pieces of any length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.clip import FRAMES_PER_S

WINDOW_S = 0.025
BAND_HZ = 250
HIGHEST_HZ = 24_000
LOWEST_HZ = 80
"""Rumble below it is neither speech nor heard on a small loudspeaker, yet it would hide the pauses."""

SILENT_DB = -120.0
"""Stands for digital silence."""


class Frames:
    """Levels of Hann windows centred on the middle of each 1/80 s.

    Two hours take about 130 MB: half-precision levels of up to 96 bands of 250 Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._length = round(WINDOW_S * sample_rate)
        self._window = np.hanning(self._length).astype(np.float32)
        frequency = np.fft.rfftfreq(self._length, 1 / sample_rate)
        self._audible = frequency >= LOWEST_HZ
        top = min(HIGHEST_HZ, sample_rate // 2)
        self._edges = np.searchsorted(frequency, np.arange(0, top - BAND_HZ / 2, BAND_HZ))
        self._stop = np.searchsorted(frequency, top, "right")
        self._buffer = np.zeros(self._length // 2, np.float32)
        self._first, self._n = -(self._length // 2), 0  # sample index of the buffer's start; frames so far
        self._levels: list[NDArray[np.float32]] = []
        self._bands: list[NDArray[np.float16]] = []

    def add(self, wave: NDArray[np.float32]) -> None:
        """``wave`` [samples], the next piece."""
        self._buffer = np.concatenate([self._buffer, wave])
        hop = self._rate / FRAMES_PER_S
        ready = int((self._first + len(self._buffer) - self._length // 2 - self._length % 2) / hop - 0.5) + 1
        numbers = np.arange(self._n, max(ready, self._n))
        starts = np.round((numbers + 0.5) * hop).astype(np.int64) - self._length // 2 - self._first
        whole = starts + self._length <= len(self._buffer)
        starts = starts[whole]
        if not len(starts):
            return
        pieces = self._buffer[starts[:, None] + np.arange(self._length)] * self._window
        # Parseval: the sum over bins is the mean square of the piece under the window
        power = np.square(np.abs(np.fft.rfft(pieces, axis=-1))) * (2 / (self._length * np.square(self._window).sum()))
        self._levels.append(_decibel(power[:, self._audible].sum(-1)).astype(np.float32))
        self._bands.append(_decibel(np.add.reduceat(power[:, : self._stop], self._edges, axis=-1)).astype(np.float16))
        self._n += len(starts)
        drop = max(int((self._n + 0.5) * hop) - self._length // 2 - 2 - self._first, 0)
        self._buffer, self._first = self._buffer[drop:], self._first + drop

    @property
    def levels_db(self) -> NDArray[np.float32]:
        """RMS above 80 Hz in dB of full scale, [frames]; :data:`SILENT_DB` where there is none."""
        return np.concatenate(self._levels) if self._levels else np.zeros(0, np.float32)

    @property
    def bands_db(self) -> NDArray[np.float16]:
        """Levels of bands of :data:`BAND_HZ` from 0 Hz up, [frames, bands]."""
        return np.concatenate(self._bands) if self._bands else np.zeros((0, len(self._edges)), np.float16)


def _decibel(power: NDArray[np.floating]) -> NDArray[np.floating]:
    return 10 * np.log10(np.maximum(power, 10 ** (SILENT_DB / 10)))
