"""The port between the daemon and whatever makes sound out of phonemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError
from edge_agent.text import Speech

PCM = NDArray[np.float32]
Chunk = PCM | NDArray[np.int16]
FULL_SCALE = 32767
SILENCE = 1e-4
"""Peak below which nobody could hear that something was said."""


class SynthesisError(EdgeAgentError):
    """The engine could not speak a segment; ``retryable`` says whether another provider might."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


def as_float(chunk: Chunk) -> PCM:
    """Either kind of PCM as float32 in -1..1; what is that already is not copied."""
    return chunk if chunk.dtype == np.float32 else chunk * np.float32(1 / FULL_SCALE)


def peak_of(chunk: Chunk) -> float:
    """Largest magnitude in -1..1 of either kind of PCM; 0 if there is none."""
    peak = float(np.abs(chunk).max(initial=0))
    return peak if chunk.dtype == np.float32 else peak / FULL_SCALE


class Engine(Protocol):
    """A loaded voice. Deterministic: the same segment and speed give the same samples on one provider."""

    voice_id: str
    pack_digest: str
    sample_rate: int
    provider: str
    loudness_lufs: float
    """Integrated loudness of the voice's ordinary speech before any gain (BS.1770)."""

    def synthesize(self, segment: Speech, *, speed: float = 1.0) -> Iterator[Chunk]:
        """Yield mono PCM ``[n_samples]``, float32 in -1..1 or 16-bit, the first chunk as early as the model allows.

        Raises:
            SynthesisError: the model failed, or gave NaN or silence.
        """
        ...

    def check(self) -> None:
        """Speak the voice's golden phrase, which also warms up whatever is slow the first time.

        Raises:
            SynthesisError: it does not sound as it did where the voice was made; ``retryable``.
        """
        ...

    def close(self) -> None:
        """Release sessions and memory; the engine is unusable afterwards."""
        ...
