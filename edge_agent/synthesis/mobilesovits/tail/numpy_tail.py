"""The last stage on the processor: the twin of the kernel in ``finish.cu``, and the plain one of voices that were computed there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.engine import PCM, SynthesisError
from edge_agent.synthesis.mobilesovits.source import OverlapAdd
from edge_agent.synthesis.mobilesovits.tail.finish import FULL_SCALE, Finish, Samples


class PlainTail:
    """Joined and clipped, in float32 [n_samples]: gain, peaks and fades are playback's."""

    def __init__(self, n_fft: int, hop: int) -> None:
        self._join = OverlapAdd(n_fft, hop)

    def add(self, frames: NDArray[np.float32], start: int, stop: int) -> PCM:
        return np.clip(self._join.add(frames.reshape(-1, frames.shape[-1])[start:stop]), -1, 1)

    def finish(self) -> PCM:
        return np.clip(self._join.finish(), -1, 1)


class NumpyTail:
    """See :class:`edge_agent.synthesis.mobilesovits.tail.Tail`."""

    def __init__(self, n_fft: int, hop: int, how: Finish) -> None:
        self._join, self._how = OverlapAdd(n_fft, hop), how
        self._n_given = 0

    def add(self, frames: NDArray[np.float32], start: int, stop: int) -> Samples:
        return self._finished(self._join.add(frames.reshape(-1, frames.shape[-1])[start:stop]), None)

    def finish(self) -> Samples:
        rest = self._join.finish()
        return self._finished(rest, self._n_given + len(rest))

    def _finished(self, pcm: NDArray[np.float32], end: int | None) -> Samples:
        if not np.isfinite(pcm).all():
            raise SynthesisError("the decoder produced NaN", retryable=True)
        how = self._how
        at = np.arange(self._n_given, self._n_given + len(pcm))
        y = pcm * np.float32(how.gain)
        level = np.abs(y)
        bent = how.knee + (1 - how.knee) * np.tanh((level - how.knee) / (1 - how.knee))
        y = np.where(level > how.knee, np.copysign(bent, y), y)
        y = np.where(at < how.n_fade_in, y * _rise(at + 0.5, how.n_fade_in), y)
        if end is not None:
            y = np.where(end - at <= how.n_fade_out, y * _rise(end - at - 0.5, how.n_fade_out), y)
        self._n_given += len(pcm)
        return np.rint(y * FULL_SCALE).astype(np.int16)


def _rise(position: NDArray[np.float64], n_fade: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(np.pi * position / max(n_fade, 1))
