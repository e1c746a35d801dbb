"""The port every teacher stands behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError

SAMPLES_PER_FRAME = 300
"""At 24 kHz: everything a student learns lies on a grid of 80 frames a second."""

SILENT_RMS = 1e-3


class TeacherError(EdgeAgentError):
    """The teacher could not be loaded, or gave silence, NaN or an absurd length."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a teacher says of one phoneme string.

    ``audio`` float32 [samples] at 24 kHz, or None when only the text side ran. ``units`` float32 [tokens] are durations
    in 25 ms before rounding, ``frames`` int64 [tokens] the same rounded and doubled to the 80 Hz grid; ``f0_hz`` and
    ``energy`` float32 [frames]. A teacher that only has audio leaves ``units`` and ``frames`` None, measures the other two
    (:mod:`distill.teachers.audio_only`), and durations come from :mod:`distill.align`.
    """

    phonemes: str
    ids: NDArray[np.int64]
    audio: NDArray[np.float32] | None
    units: NDArray[np.float32] | None = None
    frames: NDArray[np.int64] | None = None
    f0_hz: NDArray[np.float32] | None = None
    energy: NDArray[np.float32] | None = None


class Teacher(Protocol):
    """Deterministic for a seed: the same phonemes give the same samples."""

    sample_rate: int

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        """Audio and everything the teacher knows about it.

        Args:
            phonemes: what is to be said, in the alphabet of :mod:`edge_agent.text.symbols`.
            text: where they came from, for a teacher that has a front end of its own.

        Raises:
            TeacherError: silence, NaN, or something the teacher cannot read.
        """
        ...

    def describe(self) -> dict[str, str]:
        """Name, weights digest, style, licence: goes into the corpus and the voice card."""
        ...


def check(said: Utterance) -> Utterance:
    """``said`` itself, if a student can learn from it.

    Raises:
        TeacherError: silence, numbers that are not finite, or lengths that do not fit together.
    """
    for name in ("audio", "units", "f0_hz", "energy"):
        values = getattr(said, name)
        if values is not None and not np.isfinite(values).all():
            raise TeacherError(f"{name} of {said.phonemes!r} is not finite")
    if said.audio is not None and (not len(said.audio) or np.sqrt(np.mean(np.square(said.audio))) < SILENT_RMS):
        raise TeacherError(f"silence for {said.phonemes!r}")
    frames = len(said.f0_hz)
    if said.frames is not None and (said.frames.min() < 1 or said.frames.sum() != frames or len(said.frames) != len(said.ids)):
        raise TeacherError(f"durations {said.frames.tolist()} of {said.phonemes!r} do not cover {frames} frames")
    if len(said.energy) != frames or (said.audio is not None and len(said.audio) != frames * SAMPLES_PER_FRAME):
        samples = None if said.audio is None else len(said.audio)
        raise TeacherError(f"{frames} F0 values, {len(said.energy)} of energy, {samples} samples for {said.phonemes!r}")
    return said
