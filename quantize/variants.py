"""The same voice for different processors: small graphs around one weight file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper

from quantize.graph import FloatGraph, in_block, layer_of
from quantize.int8 import IntegerWeight
from quantize.weights import WeightFile

VARIANTS = {
    "cpu": "8-bit matmuls with activations quantized as they come; ONNX Runtime fuses each into one kernel",
    "gpu": "8-bit weights restored to float32 at load; runs on every provider",
    "fp16": "8-bit weights restored to float16, whole blocks in float16, everything after them in float32",
    "trt": "static 8-bit Q/DQ, both sides symmetric, as TensorRT wants it",
}
_KEPT_FLOAT32 = {"forward_basis", "inverse_basis", "bands"}
"""Fourier bases: 11 bits of them would put a floor 66 dB below the loudest harmonic, on which the phases of weak ones
would be decided."""
_HALF_FROM = 4096
"""Elements from which a float matrix is stored in 16 bits: below it nothing is gained."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What becomes of the layers.

    ``weights`` are the quantized layers, others stay float; ``ranges`` the largest activation magnitude to represent in
    ``trt``, by layer; ``half_storage`` whether the matrices that stay float are stored in 16 bits.
    """

    weights: dict[str, IntegerWeight]
    ranges: dict[str, float] = field(default_factory=dict)
    half_storage: bool = True


def quantized(graph: FloatGraph) -> dict[str, IntegerWeight]:
    """Integer weights of every layer of ``graph`` that may be quantized."""
    return {layer: IntegerWeight.of(graph.tensors[name]) for layer, name in graph.layers.items()}


def build(graph: FloatGraph, variant: str, recipe: Recipe, weights: WeightFile) -> ModelProto:
    """``graph`` as ``variant``, its large tensors in ``weights``."""
    return _Builder(graph, variant, recipe, weights).build()


class _Builder:
    def __init__(self, graph: FloatGraph, variant: str, recipe: Recipe, weights: WeightFile) -> None:
        self._graph, self._variant, self._recipe, self._weights = graph, variant, recipe, weights
        self._nodes: list[NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}
        self._cast: dict[tuple[str, int], str] = {}
        self._half: set[str] = set()

    def build(self) -> ModelProto:
        constants = {each.output[0] for each in self._graph.model.graph.node if each.op_type == "Constant"}
        for node in self._graph.model.graph.node:
            half = self._variant == "fp16" and in_block(node) and node.op_type != "Constant"
            layer = layer_of(node)
            weight = self._recipe.weights.get(layer) if layer else None
            copy = NodeProto.FromString(node.SerializeToString())
            for index, name in enumerate(node.input):
                if name and name not in constants and not (weight is not None and index == 1):
                    copy.input[index] = self._value(name, half)
            if layer is not None and weight is not None:
                self._matmul(copy, layer, weight, half)
            else:
                self._nodes.append(copy)
            if half:
                self._half.update(node.output)
        return self._model()

    def _matmul(self, node: NodeProto, layer: str, weight: IntegerWeight, half: bool) -> None:
        name = f"{self._graph.name}/{layer}"
        values, scale = self._store(f"{name}/int8", weight.values), self._store(f"{name}/scale", weight.scale)
        x, y = node.input[0], node.output[0]
        if self._variant == "cpu":
            self._op("DynamicQuantizeLinear", [x], [f"{name}/x", f"{name}/x_scale", f"{name}/x_zero"])
            self._op("MatMulInteger", [f"{name}/x", values, f"{name}/x_zero"], [f"{name}/sum"])
            self._op("Cast", [f"{name}/sum"], [f"{name}/float"], to=TensorProto.FLOAT)
            self._op("Mul", [f"{name}/x_scale", scale], [f"{name}/xw_scale"])
            self._op("Mul", [f"{name}/float", f"{name}/xw_scale"], [y])
            return
        if self._variant == "trt":
            step = self._store(f"{name}/x_scale", np.array(self._recipe.ranges[layer] / 127, np.float32))
            zero = self._store("zero", np.array(0, np.int8))
            self._op("QuantizeLinear", [x, step, zero], [f"{name}/x"])
            self._op("DequantizeLinear", [f"{name}/x", step, zero], [f"{name}/x_float"])
            x = f"{name}/x_float"
        if half:
            scale = self._as(scale, TensorProto.FLOAT16)
        self._op("DequantizeLinear", [values, scale], [f"{name}/weight"], axis=1)
        self._op("MatMul", [x, f"{name}/weight"], [y])

    def _value(self, name: str, half: bool) -> str:
        """``name`` as a node in or outside half precision may use it, converted where it has to be."""
        if name in self._graph.tensors:
            array = self._graph.tensors[name]
            if array.dtype != np.float32:
                return self._store(name, array)
            thin = self._recipe.half_storage and array.ndim == 2 and array.size >= _HALF_FROM and name not in _KEPT_FLOAT32
            self._store(name, array.astype(np.float16) if thin else array)
            return self._as(name, TensorProto.FLOAT16 if half else TensorProto.FLOAT, stored_half=thin)
        if half:
            return name if name in self._half else self._as(name, TensorProto.FLOAT16)
        return self._as(name, TensorProto.FLOAT) if name in self._half else name

    def _as(self, name: str, to: int, *, stored_half: bool | None = None) -> str:
        if stored_half is not None and stored_half == (to == TensorProto.FLOAT16):
            return name
        key = (name, to)
        if key not in self._cast:
            self._cast[key] = f"{name}/{'half' if to == TensorProto.FLOAT16 else 'full'}"
            self._op("Cast", [name], [self._cast[key]], to=to)
        return self._cast[key]

    def _store(self, name: str, array: NDArray[np.generic]) -> str:
        if name not in self._initializers:
            self._initializers[name] = self._weights.tensor(name, array)
        return name

    def _op(self, kind: str, inputs: list[str], outputs: list[str], **attributes: int) -> None:
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))

    def _model(self) -> ModelProto:
        model = ModelProto.FromString(self._graph.model.SerializeToString())
        for output in model.graph.output:
            if output.name in self._half:
                raise ValueError(f"{output.name} leaves the graph from inside a block")
        del model.graph.node[:]
        model.graph.node.extend(self._nodes)
        model.graph.initializer.extend(self._initializers.values())
        model.producer_name = model.producer_version = model.doc_string = ""
        return model
