"""How long a room rings on, from the speech itself.

Where a sound stops, its level falls at the room's rate or at the sound's own, whichever is slower. Falls of at least
20 dB between 1 and 4 kHz, where voices stop fast, are fitted by a line from 5 dB below their start; the median of their
slopes is the estimate. It is exact to about a fifth where speech was convolved with exponential decays of 0.3 to 1.2 s;
below :data:`SHORTEST_S` the voice's own decay is what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.enrol.frames import BAND_HZ
from distill.evaluate.clip import FRAMES_PER_S

BAND = slice(1000 // BAND_HZ, 4000 // BAND_HZ)
FALL_DB = 20.0
SKIP_DB = 5.0
RISE_DB = 4.0
"""A reverberant tail flutters: it has ended where it rises by more than this."""

ABOVE_FLOOR_DB = 5.0
FLOOR_PERCENTILE = 8
FEWEST = 8
SHORTEST_S = 0.3
RELATIVE_ERROR = 0.2
BOOTSTRAPS = 400


@dataclass(frozen=True, slots=True)
class Reverberation:
    """``rt60_s`` and the bounds between which it lies with about 95 % confidence, from ``decays`` falls.

    The bounds join the spread of the falls with :data:`RELATIVE_ERROR`, the method's own error.
    """

    rt60_s: float
    low_s: float
    high_s: float
    decays: int


def find_decays(bands_db: NDArray[np.float16]) -> NDArray[np.float64]:
    """RT60 in s of each clear fall, [decays]. ``bands_db`` [frames, bands] as of :class:`distill.enrol.frames.Frames`."""
    if not len(bands_db):
        return np.zeros(0)
    level = 10 * np.log10(np.power(10, bands_db[:, BAND].astype(np.float32) / 10).sum(-1))
    floor = float(np.percentile(level, FLOOR_PERCENTILE)) + ABOVE_FLOOR_DB
    found, at = [], 0
    while at < len(level) - 1:
        end = _end_of_fall(level, at, floor)
        fall = level[at : end + 1]
        if fall[0] - fall[-1] < FALL_DB:
            at += 1
            continue
        line = fall[np.flatnonzero(fall < fall[0] - SKIP_DB)[0] - 1 :]
        found.append(-60 / FRAMES_PER_S / np.polyfit(np.arange(len(line)), line, 1)[0])
        at = end
    return np.array(found)


def estimate(decays: NDArray[np.float64]) -> Reverberation | None:
    """The room's RT60 from its decays [n]; None if they are too few to say."""
    if len(decays) < FEWEST:
        return None
    draws = np.random.default_rng(0).choice(decays, (BOOTSTRAPS, len(decays)))
    low, high = np.percentile(np.median(draws, -1), [2.5, 97.5])
    return Reverberation(
        float(np.median(decays)), float(low) * (1 - RELATIVE_ERROR), float(high) * (1 + RELATIVE_ERROR), len(decays)
    )


def _end_of_fall(level: NDArray[np.float32], start: int, floor: float) -> int:
    """The lowest frame reached from ``start`` before the level rises again or meets the floor."""
    end, at = start, start + 1
    while at < len(level) and level[at] <= min(level[end] + RISE_DB, level[start]) and level[end] > floor:
        if level[at] < level[end]:
            end = at
        at += 1
    return end
