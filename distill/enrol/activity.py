"""Where speech is and where it pauses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.enrol.frames import SILENT_DB
from distill.evaluate.clip import FRAMES_PER_S

FLOOR_PERCENTILE, TOP_PERCENTILE = 10, 95
RISE = 0.35
"""Speech begins this part of the way from the floor to the top, in dB."""

DEEPEST_DB = 35.0
"""Further below the loudest frames nothing is speech, however quiet the room."""

SHORT_GAP_S = 0.25
"""Closures of plosives and breaks within a phrase are part of speech."""

AFTER_S, BEFORE_S = 0.15, 0.05
"""A sound dies away and a breath is drawn: that much of a pause is no measure of the room's noise."""


@dataclass(frozen=True, slots=True)
class Activity:
    """All [frames] bool: ``active`` frames are loud enough to be speech; ``speech`` has short gaps filled; ``pause`` is
    the inside of the gaps that are left."""

    active: NDArray[np.bool_]
    speech: NDArray[np.bool_]
    pause: NDArray[np.bool_]

    @property
    def speech_s(self) -> float:
        return float(self.speech.sum()) / FRAMES_PER_S


def find_activity(levels_db: NDArray[np.float32]) -> Activity:
    """Tell speech from pauses by level alone, relative to the recording's own floor and top.

    A recording at one level from end to end counts as one long pause.
    """
    n = len(levels_db)
    if not n:
        return Activity(*(np.zeros(0, bool) for _ in range(3)))
    top = float(np.percentile(levels_db, TOP_PERCENTILE))
    floor = float(np.percentile(levels_db, FLOOR_PERCENTILE))
    threshold = max(floor + RISE * (top - floor), floor + 2.0, top - DEEPEST_DB, SILENT_DB + 40)
    active = levels_db > threshold
    speech = ~_long_runs(~active, round(SHORT_GAP_S * FRAMES_PER_S))
    pause = ~speech
    ends = np.flatnonzero(speech[:-1] & ~speech[1:])
    starts = np.flatnonzero(~speech[:-1] & speech[1:]) + 1
    for end in ends:
        pause[end + 1 : end + 1 + round(AFTER_S * FRAMES_PER_S)] = False
    for start in starts:
        pause[max(start - round(BEFORE_S * FRAMES_PER_S), 0) : start] = False
    return Activity(active, speech, pause)


def _long_runs(mask: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """``mask`` without its stretches shorter than ``shortest``."""
    result = np.zeros_like(mask)
    for start, end in stretches(mask):
        result[start:end] = end - start >= shortest
    return result


def stretches(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """First and one-past-last index [n, 2] of each stretch of True."""
    return np.flatnonzero(np.diff(np.pad(mask.astype(np.int8), 1))).reshape(-1, 2)
