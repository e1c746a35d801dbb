"""A limiter that looks ahead, so that loud passages become quieter instead of distorted."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.playback.loudness import PEAK_CONTEXT, interpolated_peaks
from edge_agent.playback.sink import PCM

_HOP_S = 0.001
_ATTACK_HOPS = 5
_RELEASE_S = 0.08
_SAFETY_DB = 0.1
"""The gain moves between two interpolated points, and interpolation itself is a few hundredths of a dB short."""


class Limiter:
    """Keeps the true peak of a stream at or below ``ceiling_dbtp``; leaves quieter passages untouched.

    The gain is decided for every millisecond, comes down over the 5 ms before the peak that asks for it and recovers
    over 80 ms. Output lags input by up to 7 ms; :meth:`flush` gives the rest, so that as many samples come out as
    went in.
    """

    def __init__(self, sample_rate: int, ceiling_dbtp: float = -1.0) -> None:
        self._ceiling = 10 ** ((ceiling_dbtp - _SAFETY_DB) / 20)
        self._hop = round(sample_rate * _HOP_S)
        self._recovery = 1 - math.exp(-_HOP_S / _RELEASE_S)
        self._reset()

    def _reset(self) -> None:
        self._context = np.zeros(PEAK_CONTEXT, dtype=np.float32)
        self._unmeasured = np.zeros(0, dtype=np.float32)
        self._held = np.zeros(0, dtype=np.float32)
        self._allowed: list[float] = []  # the highest gain of each held hop
        self._gain: float | None = None  # where the held hops begin

    def process(self, pcm: PCM) -> PCM:
        """Take mono float32 [n_samples]; return what is final, possibly nothing yet."""
        self._unmeasured = np.concatenate((self._unmeasured, pcm))
        n_hops = max(0, len(self._unmeasured) - PEAK_CONTEXT) // self._hop
        if n_hops:
            self._measure(n_hops)
        return self._release(len(self._allowed) - _ATTACK_HOPS)

    def flush(self) -> PCM:
        """Return the samples still held and start afresh."""
        rest = len(self._held) + len(self._unmeasured)
        silence = np.zeros((_ATTACK_HOPS + 2) * self._hop + PEAK_CONTEXT, dtype=np.float32)
        tail = self.process(silence)[:rest]
        self._reset()
        return tail

    def _measure(self, n_hops: int) -> None:
        n = n_hops * self._hop
        window = np.concatenate((self._context, self._unmeasured[: n + PEAK_CONTEXT]))
        if float(np.abs(window).max()) * 2 <= self._ceiling:  # interpolation of audio never doubles a sample
            self._allowed += [1.0] * n_hops
        else:
            peaks = interpolated_peaks(window).reshape(n_hops, self._hop).max(axis=1)
            self._allowed += [min(1.0, self._ceiling / peak) if peak else 1.0 for peak in peaks.tolist()]
        self._held = np.concatenate((self._held, self._unmeasured[:n]))
        self._context = window[n : n + PEAK_CONTEXT]
        self._unmeasured = self._unmeasured[n:]

    def _release(self, n_hops: int) -> PCM:
        if n_hops <= 0:
            return np.zeros(0, dtype=np.float32)
        gains = [self._boundary(0) if self._gain is None else self._gain]
        for _ in range(n_hops):
            recovered = gains[-1] + (1 - gains[-1]) * self._recovery
            gain = min(recovered, self._boundary(1))
            gains.append(1.0 if gain > 0.9999 else gain)
            del self._allowed[0]
        self._gain = gains[-1]
        n = n_hops * self._hop
        ready, self._held = self._held[:n], self._held[n:]
        if min(gains) == 1.0:
            return ready
        return (ready * np.interp(np.arange(n) / self._hop, np.arange(len(gains)), gains)).astype(np.float32)

    def _boundary(self, hop: int) -> float:
        """Highest gain where held hop ``hop`` begins that both neighbours, and the way down to later hops, allow."""
        highest = min(self._allowed[max(0, hop - 1) : hop], default=1.0)
        for hops_ahead, allowed in enumerate(self._allowed[hop : hop + _ATTACK_HOPS]):
            highest = min(highest, allowed + (1 - allowed) * hops_ahead / _ATTACK_HOPS)
        return highest
