"""Up to which frequency a recording holds speech, whatever its sampling rate promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.enrol.activity import Activity
from distill.enrol.frames import BAND_HZ

PERCENTILE = 97
"""High sounds are rare: a band is filled if one frame in thirty fills it."""

OVER_PAUSE_DB = 6.0
RANGE_DB = 75.0
EDGE_HZ = 1_000
EDGE_DB = 18.0
"""No microphone and no voice falls by this much within 1 kHz: a filter did."""

TOP_SHARE = 0.9
"""Converters filter the last tenth below half the sampling rate themselves."""


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Speech reaches up to ``top_hz``; ``edge_db`` is how far the spectrum falls within the next kilohertz; ``cut`` says
    that it ends at a filter's edge, far below what the sampling rate could hold: a codec, a telephone, an up-sampler.

    ``speech_db`` and ``pause_db`` [bands of 250 Hz] are the levels it was read from; the latter is None without pauses.
    """

    top_hz: int
    edge_db: float
    cut: bool
    speech_db: NDArray[np.float32]
    pause_db: NDArray[np.float32] | None


def find_bandwidth(bands_db: NDArray[np.float16], activity: Activity, sample_rate: int) -> Bandwidth | None:
    """None if there is no speech. ``bands_db`` [frames, bands] as of :class:`distill.enrol.frames.Frames`."""
    if not activity.active.any():
        return None
    speech = _percentiles(bands_db, activity.active)
    pause = _percentiles(bands_db, activity.pause) if activity.pause.any() else None
    floor = np.full_like(speech, speech.max() - RANGE_DB)
    if pause is not None:
        floor = np.maximum(floor, pause + OVER_PAUSE_DB)
    filled = speech > floor
    together = np.flatnonzero(filled[1:] & filled[:-1])  # one band alone is a whistle
    top = int(together[-1]) + 2 if len(together) else 1
    width = EDGE_HZ // BAND_HZ
    inside, outside = speech[max(top - width, 0) : top], speech[top + 1 : top + 1 + width]
    edge = float(np.median(inside) - np.median(outside)) if len(outside) else 0.0
    cut = edge > EDGE_DB and top * BAND_HZ < TOP_SHARE * sample_rate / 2
    return Bandwidth(top * BAND_HZ, edge, cut, speech, pause)


def _percentiles(bands_db: NDArray[np.float16], rows: NDArray[np.bool_]) -> NDArray[np.float32]:
    # a band at a time: all at once would take several times the memory of the bands
    return np.array([np.percentile(band[rows].astype(np.float32), PERCENTILE) for band in bands_db.T], np.float32)
