"""The port every teacher stands behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError


class TeacherError(EdgeAgentError):
    """The teacher could not be loaded, or gave silence, NaN or an absurd length."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a teacher says of one phoneme string.

    ``audio`` float32 [samples] at 24 kHz, or None when only the text side ran. ``units`` float32 [tokens] are durations
    in 25 ms before rounding, ``frames`` int64 [tokens] the same rounded and doubled to the 80 Hz grid; ``f0_hz`` and
    ``energy`` float32 [frames]. A teacher that only has audio leaves the last four None: the pitch tracker and the
    aligner fill them.
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

    def speak(self, phonemes: str) -> Utterance:
        """Audio and everything the teacher knows about it.

        Raises:
            TeacherError: silence, NaN, or phonemes the teacher does not know.
        """
        ...

    def describe(self) -> dict[str, str]:
        """Name, weights digest, style, licence: goes into the corpus and the voice card."""
        ...
