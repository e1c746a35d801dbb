"""The port between the player and whatever moves air."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.float32]


class Sink(Protocol):
    """A mono output with a small buffer, used by one thread.

    Every method but ``close`` raises :class:`~edge_agent.playback.errors.SinkLost` when the device is gone or does
    not move, within half a second of it; afterwards only ``close`` may be called.
    """

    sample_rate: int
    """Frames per second the device runs at; known once :meth:`open` returned."""
    underruns: int
    """How often the device ran dry while frames should have been there."""

    def open(self) -> None:
        """Take the device."""
        ...

    def write(self, pcm: PCM) -> None:
        """Queue float32 [n_frames] in -1..1, waiting for room when there is none."""
        ...

    def delay_s(self) -> float:
        """How long it takes until a frame written now would be heard."""
        ...

    def drop(self) -> None:
        """Silence at once: frames that were not heard yet never will be."""
        ...

    def drain(self) -> None:
        """Return when the last frame written has been played; the device then rests until the next write."""
        ...

    def close(self) -> None:
        """Give the device back, dropping what is queued; never raises, may be called twice."""
        ...
