"""How a convolution over time is written: in float32, or in eight bits with ranges measured beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from quantize.gptsovits.builder import Builder
from quantize.int8 import IntegerWeight

Array = NDArray[Any]
Range = tuple[float, float]
"""Least and largest value."""


class Convolution(Protocol):
    """Adds a convolution that keeps the length of its input."""

    def __call__(self, graph: Builder, x: str, name: str, weight: Array, bias: Array | None = None, dilation: int = 1) -> str:
        """``x`` [1, inputs, 1, n] (two spatial dimensions, because processors have their fast kernels for those), ``weight``
        [outputs, inputs, kernel] named ``name``, ``bias`` [outputs] -> [1, outputs, 1, n]."""
        ...


def float32(graph: Builder, x: str, name: str, weight: Array, bias: Array | None = None, dilation: int = 1) -> str:
    """See :class:`Convolution`."""
    constants = [graph.constant(np.asarray(weight, np.float32)[:, :, None], name)]
    if bias is not None:
        constants.append(graph.constant(np.asarray(bias, np.float32), f"{name}.bias"))
    return graph.op("Conv", x, *constants, **_attributes(weight.shape[2], dilation))


def stored_int8(graph: Builder, x: str, name: str, weight: Array, bias: Array | None = None, dilation: int = 1) -> str:
    """See :class:`Convolution`. Computed in float32 of weights kept in eight bits, a scale for each output channel."""
    outputs = weight.shape[0]
    scales = np.abs(np.asarray(weight, np.float32)).reshape(outputs, -1).max(1) / 127
    scales[scales == 0] = 1
    values = np.rint(weight / scales[:, None, None]).astype(np.int8)[:, :, None]
    shape = (outputs, 1, 1, 1)
    restored = graph.op("Cast", graph.constant(values, name), to=TensorProto.FLOAT)
    constants = [graph.op("Mul", restored, graph.constant(scales.reshape(shape), f"{name}.scale"))]
    if bias is not None:
        constants.append(graph.constant(np.asarray(bias, np.float32), f"{name}.bias"))
    return graph.op("Conv", x, *constants, **_attributes(weight.shape[2], dilation))


def transposed(graph: Builder, x: str, name: str, weight: Array, bias: Array, rate: int) -> str:
    """``rate`` times as long: ``weight`` [inputs, outputs, kernel], ``x`` [1, inputs, 1, n] -> [1, outputs, 1, n * rate]."""
    constants = [graph.constant(np.asarray(weight, np.float32)[:, :, None], name), graph.constant(bias, f"{name}.bias")]
    pad = (weight.shape[2] - rate) // 2
    return graph.op("ConvTranspose", x, *constants, kernel_shape=[1, weight.shape[2]], strides=[1, rate], pads=[0, pad, 0, pad])


class Watched:
    """Writes convolutions in float32 and the range of what goes into and comes out of each as further outputs.

    Their names are in :attr:`outputs`, in the order least, largest; see :meth:`ranges`.
    """

    def __init__(self) -> None:
        self.outputs: list[str] = []

    def __call__(self, graph: Builder, x: str, name: str, weight: Array, bias: Array | None = None, dilation: int = 1) -> str:
        y = float32(graph, x, name, weight, bias, dilation)
        for value, place in ((x, "in"), (y, "out")):
            for kind in ("ReduceMin", "ReduceMax"):
                output = f"{name}|{place}|{kind}"
                graph.output(output, TensorProto.FLOAT, [], graph.op(kind, value, keepdims=0))
                self.outputs.append(output)
        return y

    @staticmethod
    def ranges(runs: list[dict[str, float]]) -> dict[str, Range]:
        """Ranges of ``<name>|in`` and ``<name>|out`` over the outputs of several runs by their names."""
        found: dict[str, Range] = {}
        for run in runs:
            for output, value in run.items():
                place, _, kind = output.rpartition("|")
                low, high = found.get(place, (0.0, 0.0))
                found[place] = (min(low, value), high) if kind == "ReduceMin" else (low, max(high, value))
        return found


@dataclass(frozen=True, slots=True)
class Quantized:
    """Writes convolutions in eight bits: a scale for each output channel of the weights, fixed ranges for activations.

    ``ranges`` are those of :class:`Watched`; a convolution without stays in float32.
    """

    ranges: Mapping[str, Range]

    def __call__(self, graph: Builder, x: str, name: str, weight: Array, bias: Array | None = None, dilation: int = 1) -> str:
        if f"{name}|in" not in self.ranges:
            return float32(graph, x, name, weight, bias, dilation)
        outputs = weight.shape[0]
        integer = IntegerWeight.of(np.asarray(weight, np.float32).reshape(outputs, -1).T)
        x, x_scale = self._rounded(graph, x, f"{name}|in")
        values = np.ascontiguousarray(integer.values.T).reshape(outputs, weight.shape[1], 1, weight.shape[2])
        scale = graph.constant(integer.scale, f"{name}.scale")
        restored = graph.op(
            "DequantizeLinear", graph.constant(values, name), scale, graph.constant(np.zeros(outputs, np.int8), f"{name}.zero"), axis=0
        )
        constants = [restored]
        if bias is not None:
            scales = (integer.scale * x_scale).astype(np.float32)
            whole = np.rint(np.asarray(bias, np.float64) / scales).clip(-(2**31), 2**31 - 1).astype(np.int32)
            constants.append(
                graph.op(
                    "DequantizeLinear", graph.constant(whole, f"{name}.bias"), graph.constant(scales, f"{name}.bias.scale"),
                    graph.constant(np.zeros(outputs, np.int32), f"{name}.bias.zero"), axis=0,
                )
            )  # fmt: skip
        y = graph.op("Conv", x, *constants, **_attributes(weight.shape[2], dilation))
        return self._rounded(graph, y, f"{name}|out")[0]

    def _rounded(self, graph: Builder, x: str, place: str) -> tuple[str, float]:
        """``x`` in 256 steps, and the size of one."""
        low, high = self.ranges[place]
        scale = np.float32(max(high - low, 1e-6) / 255)
        zero = np.uint8(np.clip(np.rint(-low / scale), 0, 255))
        constants = graph.constant(scale, f"{place}.scale"), graph.constant(zero, f"{place}.zero", np.uint8)
        return graph.op("DequantizeLinear", graph.op("QuantizeLinear", x, *constants), *constants), float(scale)


def _attributes(kernel: int, dilation: int) -> dict[str, list[int]]:
    pad = dilation * (kernel // 2)
    return {"kernel_shape": [1, kernel], "dilations": [1, dilation], "pads": [0, pad, 0, pad], "strides": [1, 1]}
