"""A GPU through PyCUDA, in the context that ONNX Runtime uses. Not run on a Jetson, nor on any GPU, for this release.

The kernel comes as PTX, which the driver compiles for the GPU it finds: a device needs no nvcc. On an Orin processor and GPU share
the DRAM, so mapped memory is read by the processor where the kernel wrote it; on a card it is fetched over the bus as it is read.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.synthesis.engine import SynthesisError
from edge_agent.synthesis.mobilesovits.tail.finish import Samples

PTX = Path(__file__).with_name("finish.ptx")
_BLOCK = 128
_POINTERS = 5

log = logging.getLogger(__name__)


class PyCudaGpu:
    """See :class:`edge_agent.synthesis.mobilesovits.tail.cuda_tail.Gpu`.

    Raises:
        SynthesisError: there is no PyCUDA, or no GPU it can use.
    """

    def __init__(self) -> None:
        try:
            import pycuda.driver as cuda
        except (ImportError, OSError) as error:
            raise SynthesisError(f"PyCUDA cannot be used: {error}") from error
        self._cuda = cuda
        try:
            cuda.init()
            self._context = cuda.Device(0).retain_primary_context()
            with self._current():
                self._kernel = cuda.module_from_buffer(PTX.read_bytes()).get_function("finish")
                self._flag = self._pinned(1, np.int32)
        except cuda.Error as error:
            raise SynthesisError(f"the GPU cannot be used: {error}") from error
        self._room: dict[int, list[Any]] = {}
        self._held: list[Any] = []

    def mapped(self, n_samples: int) -> tuple[int, Samples]:
        size = 1 << (n_samples - 1).bit_length()
        free = self._room.setdefault(size, [])
        if free:
            block = free.pop()
        else:
            with self._current():
                block = self._pinned(size, np.int16)
        # Slices of an array keep it, so the block is free again when the last of them is gone.
        samples = np.frombuffer((ctypes.c_int16 * size).from_address(block.ctypes.data), np.int16)
        weakref.finalize(samples, free.append, block)
        return int(block.base.get_device_pointer()), samples

    def scratch(self, n_bytes: int) -> int:
        with self._current():
            block = self._cuda.mem_alloc(n_bytes)
            self._held.append(block)
        self.clear(int(block), n_bytes)
        return int(block)

    def clear(self, address: int, n_bytes: int) -> None:
        with self._current():
            self._cuda.memset_d8(address, 0, n_bytes)

    def flag(self) -> tuple[int, np.ndarray]:
        return int(self._flag.base.get_device_pointer()), self._flag

    def finish(self, n_threads: int, *arguments: float) -> None:
        pointers = [np.uintp(each) for each in arguments[:_POINTERS]]
        numbers = [np.float32(each) if isinstance(each, float) else np.int32(each) for each in arguments[_POINTERS:]]
        with self._current():
            self._kernel(*pointers, *numbers, block=(_BLOCK, 1, 1), grid=(-(-n_threads // _BLOCK), 1))
            self._context.synchronize()

    def _pinned(self, size: int, kind: type) -> Any:
        return self._cuda.pagelocked_empty(size, kind, mem_flags=self._cuda.host_alloc_flags.DEVICEMAP)

    @contextlib.contextmanager
    def _current(self) -> Iterator[None]:
        try:
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()
        except self._cuda.Error as error:
            raise SynthesisError(f"the GPU failed: {error}", retryable=True) from error


def find_gpu() -> PyCudaGpu | None:
    """The GPU, or None where PyCUDA is not installed or cannot use it: the last stage then is the processor's."""
    try:
        return PyCudaGpu()
    except SynthesisError as error:
        log.info("last stage on the processor why=%r", str(error))
        return None
