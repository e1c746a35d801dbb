"""The last stage on the GPU: it reads the decoder's output where it is and leaves 16-bit samples where playback reads them."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edge_agent.synthesis.engine import SynthesisError
from edge_agent.synthesis.mobilesovits.tail.finish import Finish, Samples
from edge_agent.synthesis.providers.bound import DeviceArray

_FLOAT = 4


class Gpu(Protocol):
    """What is needed of a GPU. Used by one thread at a time."""

    def mapped(self, n_samples: int) -> tuple[int, Samples]:
        """Room for 16-bit samples: its address for the GPU, and the same memory for the processor, given back when nobody holds it."""
        ...

    def scratch(self, n_bytes: int) -> int:
        """Address of so much of the GPU's own memory, zeroed, for as long as this object lives."""
        ...

    def clear(self, address: int, n_bytes: int) -> None: ...

    def flag(self) -> tuple[int, np.ndarray]:
        """A mapped int32 for the kernel to report in."""
        ...

    def finish(self, n_threads: int, *arguments: float) -> None:
        """Run the kernel of ``finish.cu`` with these arguments and wait for it.

        Raises:
            SynthesisError: the GPU failed.
        """
        ...


class CudaTail:
    """See :class:`edge_agent.synthesis.mobilesovits.tail.Tail`.

    Args:
        gpu: where the frames are.
        carries: addresses of two stretches of ``n_fft - hop`` floats on it.
    """

    def __init__(self, n_fft: int, hop: int, how: Finish, gpu: Gpu, carries: tuple[int, int]) -> None:
        self._n_fft, self._hop, self._how, self._gpu = n_fft, hop, how, gpu
        self._carry, self._other = carries
        gpu.clear(self._carry, _FLOAT * (n_fft - hop))
        self._faults_at, self._faults = gpu.flag()
        # the first sub-frame is centred half a hop after the first sample, so it begins before it
        self._at = -(n_fft // 2 - hop // 2)

    def add(self, frames: DeviceArray, start: int, stop: int) -> Samples:
        return self._run(frames.pointer + _FLOAT * self._n_fft * start, stop - start, (stop - start) * self._hop, _NOT_YET)

    def finish(self) -> Samples:
        n_out = self._n_fft // 2 - self._hop // 2
        return self._run(0, 0, n_out, self._at + n_out)

    def _run(self, frames: int, n: int, n_out: int, end: int) -> Samples:
        n_heard = n_out + min(self._at, 0)
        address, samples = self._gpu.mapped(max(n_heard, 1))
        self._faults[0] = 0
        how = self._how
        self._gpu.finish(
            n * self._hop + self._n_fft - self._hop,
            frames, self._carry, self._other, address, self._faults_at,
            n, self._n_fft, self._hop, n_out, self._at, end, how.gain, how.knee, how.n_fade_in, how.n_fade_out,
        )  # fmt: skip
        if self._faults[0]:
            raise SynthesisError("the decoder produced NaN", retryable=True)
        self._carry, self._other = self._other, self._carry
        self._at += n_out
        return samples[: max(n_heard, 0)]


_NOT_YET = 2**31 - 1
"""The end of a segment that has not come yet."""
