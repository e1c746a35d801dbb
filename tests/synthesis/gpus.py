"""GPUs for the last stage: the kernel compiled as C and run on the processor, and a real one where there is any."""

from __future__ import annotations

import ctypes
import subprocess
import weakref
from pathlib import Path

import numpy as np

from edge_agent.synthesis import SynthesisError
from edge_agent.synthesis.mobilesovits import tail
from edge_agent.synthesis.mobilesovits.tail.pycuda_gpu import PyCudaGpu

SOURCE = Path(tail.__file__).with_name("finish.cu")
HARNESS = """
#include <math.h>
#define __global__ static
static struct { unsigned x; } blockIdx, blockDim = {1}, threadIdx;
#include "%s"
void run(int n_threads, const float *frames, const float *carry_in, float *carry_out, short *out, int *faults, int n, int n_fft, int hop,
         int n_out, int first, int end, float gain, float knee, int n_fade_in, int n_fade_out)
{
    for (blockIdx.x = 0; (int)blockIdx.x < n_threads; ++blockIdx.x)
        finish(frames, carry_in, carry_out, out, faults, n, n_fft, hop, n_out, first, end, gain, knee, n_fade_in, n_fade_out);
}
"""


class CompiledGpu:
    """``finish.cu`` by the C compiler; the GPU's memory is the processor's."""

    def __init__(self, folder: Path) -> None:
        source, library = folder / "harness.c", folder / "finish.so"
        source.write_text(HARNESS % SOURCE)
        subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
        self._run = ctypes.CDLL(str(library)).run
        self._run.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 5, *[ctypes.c_int] * 6, *[ctypes.c_float] * 2, *[ctypes.c_int] * 2]
        self._kept: list[np.ndarray] = []
        self.n_lent = 0

    def mapped(self, n_samples):
        memory = np.full(n_samples, -1, np.int16)
        self.n_lent += 1
        weakref.finalize(memory, self._give_back)
        return memory.ctypes.data, memory

    def _give_back(self) -> None:
        self.n_lent -= 1

    def scratch(self, n_bytes):
        self._kept.append(np.full(n_bytes // 4, np.nan, np.float32))
        return self._kept[-1].ctypes.data

    def clear(self, address, n_bytes):
        ctypes.memset(address, 0, n_bytes)

    def flag(self):
        self._kept.append(np.zeros(1, np.int32))
        return self._kept[-1].ctypes.data, self._kept[-1]

    def finish(self, n_threads, *arguments):
        self._run(n_threads, *arguments)

    def upload(self, frames: np.ndarray) -> int:
        self._kept.append(np.ascontiguousarray(frames, np.float32))
        return self._kept[-1].ctypes.data


class RealGpu(PyCudaGpu):
    """The GPU of this machine."""

    def upload(self, frames: np.ndarray) -> int:
        frames = np.ascontiguousarray(frames, np.float32)
        address = self.scratch(frames.nbytes)
        with self._current():
            self._cuda.memcpy_htod(address, frames)
        return address


def real_gpus() -> list[type[RealGpu]]:
    """The one there is, or none."""
    try:
        RealGpu()
    except SynthesisError:
        return []
    return [RealGpu]
