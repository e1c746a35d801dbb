"""What single samples tell: peak, clipping, DC, dropouts, and how two channels relate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32767
CENTRE = FULL_SCALE + 1
FLAT = 3
"""This many equal samples on end at the very top of a wave are a cut-off crest; a crest of its own curves."""

TOP_STEPS = 2
"""Dither may move a cut-off crest by this many 16-bit steps."""

FEWEST_RUNS = 5
"""A round crest may happen to end in equal samples; clipping repeats."""

QUIETEST_PEAK = 0.02
"""Below it 16-bit steps are too coarse to tell a flat crest from a round one."""

DROPOUT_S = (0.004, 0.2)
DROPOUT_EDGE = 0.02
"""A gap of exact zeros is torn if the sample before it stood this high: a gate that closes in a pause is no dropout."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """Of one channel; amplitudes are parts of full scale, ``power`` is the mean square about the mean."""

    peak: float
    dc: float
    power: float
    clipped_share: float
    clipped_runs: int
    dropouts: int


class Channel:
    """Collects :class:`ChannelFacts` block by block in about a megabyte, however long the recording.

    Clipping is looked for at the channel's own top, whatever its level: clipped takes are often turned down afterwards.
    """

    def __init__(self, sample_rate: int) -> None:
        self._shortest_gap, self._longest_gap = (int(seconds * sample_rate) for seconds in DROPOUT_S)
        self._by_value = np.zeros(2 * CENTRE + 1, np.int64)
        self._flats = np.zeros_like(self._by_value)
        self._n, self._sum, self._square = 0, 0.0, 0.0
        self._open_gap = np.zeros(0, np.float32)
        self._dropouts = 0

    def add(self, wave: NDArray[np.float32]) -> None:
        """``wave`` [samples], the next piece."""
        self._n += len(wave)
        self._sum += float(wave.sum(dtype=np.float64))
        self._square += float(np.square(wave, dtype=np.float64).sum())
        steps = np.clip(np.round(wave * np.float32(FULL_SCALE)), -CENTRE, CENTRE).astype(np.int64) + CENTRE
        self._by_value += np.bincount(steps, minlength=len(self._by_value))
        starts, lengths = _runs(steps)
        flat = lengths >= FLAT
        self._flats += np.bincount(steps[starts[flat]], minlength=len(self._by_value))
        self._count_dropouts(np.concatenate([self._open_gap, wave]))

    def facts(self) -> ChannelFacts:
        """What all pieces so far say together."""
        used = np.flatnonzero(self._by_value)
        low, high = (int(used[0]), int(used[-1])) if len(used) else (CENTRE, CENTRE)
        peak = max(high - CENTRE, CENTRE - low) / FULL_SCALE
        tops = [slice(max(high - TOP_STEPS, CENTRE), high + 1), slice(low, min(low + TOP_STEPS, CENTRE) + 1)]
        cut = [top for top in tops if self._flats[top].sum() >= FEWEST_RUNS and peak >= QUIETEST_PEAK]
        mean = self._sum / max(self._n, 1)
        return ChannelFacts(
            peak=peak,
            dc=mean,
            power=max(self._square / max(self._n, 1) - mean * mean, 0.0),
            clipped_share=sum(int(self._by_value[top].sum()) for top in cut) / max(self._n, 1),
            clipped_runs=sum(int(self._flats[top].sum()) for top in cut),
            dropouts=self._dropouts,
        )

    def _count_dropouts(self, wave: NDArray[np.float32]) -> None:
        sounding = np.flatnonzero(wave)
        # A gap may go on in the next piece: it is kept with the sample before it, or without it once it is too long to count.
        last = int(sounding[-1]) if len(sounding) else 0
        self._open_gap = wave[max(last, len(wave) - self._longest_gap - 2) :].copy()
        gaps = np.diff(sounding) - 1
        torn = (gaps >= self._shortest_gap) & (gaps <= self._longest_gap)
        self._dropouts += int((np.abs(wave[sounding[:-1][torn]]) >= DROPOUT_EDGE).sum())


class Stereo:
    """The correlation of two channels, block by block."""

    def __init__(self) -> None:
        self._products = np.zeros((2, 2))

    def add(self, block: NDArray[np.float32]) -> None:
        """``block`` [samples, 2], the next piece."""
        block = block.astype(np.float64)
        self._products += block.T @ block

    @property
    def correlation(self) -> float:
        """-1..1; 0 if one channel is silent."""
        power = np.sqrt(self._products[0, 0] * self._products[1, 1])
        return float(self._products[0, 1] / power) if power > 0 else 0.0


def _runs(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and lengths of the stretches of equal values."""
    starts = np.append(0, np.flatnonzero(np.diff(values)) + 1)
    return starts, np.diff(np.append(starts, len(values)))
