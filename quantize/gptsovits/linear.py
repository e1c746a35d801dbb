"""How a matrix multiplication is written: in float32, or with eight-bit weights."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quantize.gptsovits.builder import MICROSOFT, Builder

BLOCK = 128
"""Weights that share a scale, along the input, and inputs that are rounded together. Larger ones are a little faster, smaller ones more
exact."""
LEAST_BLOCK = 16


class Linear(Protocol):
    """Adds ``x @ weight.T + bias`` to a graph."""

    def __call__(self, graph: Builder, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """``x`` [..., inputs], ``weight`` [outputs, inputs] named ``name``, ``bias`` [outputs] -> [..., outputs]."""
        ...


def float32(graph: Builder, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
    """See :class:`Linear`."""
    y = graph.op("MatMul", x, graph.constant(weight.T.astype(np.float32), name))
    return y if bias is None else graph.op("Add", y, graph.constant(bias, f"{name}.bias"))


def int8(
    graph: Builder, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any] | None = None, *, most: int = BLOCK
) -> str:
    """See :class:`Linear`. Eight-bit weights with a scale for every block of inputs of an output, at most ``most`` of them, a power
    of 2 up to 256; activations are rounded to eight bits block by block, when they are there, which needs no calibration. Widths
    that are no multiple of :data:`LEAST_BLOCK` stay in float32."""
    if (block := _block(weight.shape[1], most)) < LEAST_BLOCK:
        return float32(graph, x, name, weight, bias)
    values, scales = blocks(weight, block)
    constants = [graph.constant(values, name), graph.constant(scales.reshape(-1), f"{name}.scale")]
    if bias is not None:
        constants += ["", "", graph.constant(bias, f"{name}.bias")]
    outputs, inputs = weight.shape
    return graph.op("MatMulNBits", x, *constants, domain=MICROSOFT, K=inputs, N=outputs, bits=8, block_size=block, accuracy_level=4)


def blocks(weight: NDArray[Any], block: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """``weight`` [outputs, inputs] -> values [outputs, blocks, block] around 128, and scales [outputs, blocks]: the weight is
    ``(values - 128) * scale``."""
    grouped = weight.astype(np.float32).reshape(weight.shape[0], -1, block)
    scales = np.abs(grouped).max(-1) / 127
    scales[scales == 0] = 1
    return (np.rint(grouped / scales[..., None]) + 128).astype(np.uint8), scales


def _block(inputs: int, block: int) -> int:
    while inputs % block:
        block //= 2
    return block
