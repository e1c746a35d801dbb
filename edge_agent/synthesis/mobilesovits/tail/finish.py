"""What the last stage of synthesis does, whoever does it: join sub-frames, hold peaks, open and close without a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.engine import FULL_SCALE, Chunk
from edge_agent.synthesis.providers.bound import DeviceArray

Samples = NDArray[np.int16]
Frames = NDArray[np.float32] | DeviceArray

__all__ = ["FULL_SCALE", "Finish", "Frames", "Samples", "Tail"]


@dataclass(frozen=True, slots=True)
class Finish:
    """``gain`` is linear; above ``knee`` a sample is bent so that none reaches full scale; fades are raised cosines, in samples."""

    gain: float = 1.0
    knee: float = 0.95
    n_fade_in: int = 24
    n_fade_out: int = 120


class Tail(Protocol):
    """The last stage of one segment. That of a GPU and its twin give 16-bit samples, the plain one float32."""

    def add(self, frames: Frames, start: int, stop: int) -> Chunk:
        """Rows ``start`` to ``stop`` of ``frames`` [n, n_fft] or [1, n, n_fft] to the samples that are complete now.

        Raises:
            SynthesisError: one of them is not a number; ``retryable``.
        """
        ...

    def finish(self) -> Chunk:
        """The last samples of the segment, faded out; the tail is spent."""
        ...
