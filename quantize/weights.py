"""One file of tensors that several graphs point into."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

FILE = "weights.bin"
ALIGNMENT = 64
INLINE_BYTES = 128
"""Smaller tensors stay in the graphs: shapes and constants that ONNX Runtime wants to read while it loads."""


class WeightFile:
    """ONNX external data, each distinct tensor stored once however many graphs use it.

    Paths in the graphs are relative, so a voice folder may lie anywhere; where a folder exists only in memory, ONNX
    Runtime takes the same bytes through ``SessionOptions.add_external_initializers_from_files_in_memory``.

    Args:
        file: its name.
    """

    def __init__(self, file: str = FILE) -> None:
        self.file = file
        self._bytes = bytearray()
        self._offsets: dict[str, int] = {}

    def tensor(self, name: str, array: NDArray[np.generic]) -> TensorProto:
        """An initializer of that name and content, kept outside the graph unless it is small."""
        proto = TensorProto(name=name, dims=array.shape, data_type=helper.np_dtype_to_tensor_dtype(array.dtype))
        data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        if len(data) < INLINE_BYTES:
            proto.raw_data = data
            return proto
        proto.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self.file), ("offset", self._place(data)), ("length", len(data))):
            proto.external_data.add(key=key, value=str(value))
        return proto

    def to_bytes(self) -> bytes:
        return bytes(self._bytes)

    def _place(self, data: bytes) -> int:
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._offsets:
            self._bytes.extend(bytes(-len(self._bytes) % ALIGNMENT))
            self._offsets[digest] = len(self._bytes)
            self._bytes.extend(data)
        return self._offsets[digest]
