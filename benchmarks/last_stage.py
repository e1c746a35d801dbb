"""What the last stage of synthesis costs: joining, gain, soft limiter, fades, 16 bits; in NumPy and, where there is a GPU, as the kernel.

    python -m benchmarks.last_stage [--rounds 200] [--json]

A round is one later chunk of the default voice: 480 sub-frames, two seconds of sound. On a GPU the frames lie in its memory, as the
decoder leaves them; the NumPy twin is also timed with the copy to the processor that it would need. A GPU's figures need PyCUDA.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edge_agent.synthesis.mobilesovits.tail import CudaTail, Finish, NumpyTail
from edge_agent.synthesis.mobilesovits.tail.pycuda_gpu import PyCudaGpu, find_gpu
from edge_agent.synthesis.providers.bound import DeviceArray

N_FFT, HOP, N_FRAMES, RATE = 400, 100, 480, 24_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="times each is run, after ten to warm up (default: %(default)s)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    frames = (0.1 * np.random.default_rng(0).standard_normal((N_FRAMES, N_FFT))).astype(np.float32)
    tail = NumpyTail(N_FFT, HOP, Finish())
    figures = {"numpy_ms": timed(lambda: tail.add(frames, 0, N_FRAMES), options.rounds)}
    gpu = find_gpu()
    if gpu is not None:
        figures |= on_gpu(gpu, frames, options.rounds)
    result = {"audio_s": N_FRAMES * HOP / RATE, "gpu": gpu is not None, **figures}
    print(json.dumps(result, indent=1) if options.json else "\n".join(f"{name:22} {value}" for name, value in result.items()))


def on_gpu(gpu: PyCudaGpu, frames: np.ndarray, rounds: int) -> dict[str, Any]:
    import pycuda.driver as cuda

    address = gpu.scratch(frames.nbytes)
    carries = gpu.scratch(4 * (N_FFT - HOP)), gpu.scratch(4 * (N_FFT - HOP))
    copy = np.empty_like(frames)
    context = cuda.Device(0).retain_primary_context()
    context.push()
    try:
        cuda.memcpy_htod(address, frames)
        tail, twin = CudaTail(N_FFT, HOP, Finish(), gpu, carries), NumpyTail(N_FFT, HOP, Finish())
        device = DeviceArray(address, frames.shape)
        difference = np.abs(tail.add(device, 0, N_FRAMES).astype(int) - twin.add(frames, 0, N_FRAMES).astype(int)).max()

        def copied() -> None:
            cuda.memcpy_dtoh(copy, address)
            twin.add(copy, 0, N_FRAMES)

        return {
            "kernel_ms": timed(lambda: tail.add(device, 0, N_FRAMES), rounds),
            "copy_and_numpy_ms": timed(copied, rounds),
            "difference_lsb": int(difference),
        }
    finally:
        context.pop()


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median wall time in milliseconds."""
    times = []
    for _ in range(rounds + 10):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return round(1e3 * statistics.median(times[10:]), 3)


if __name__ == "__main__":
    main()
