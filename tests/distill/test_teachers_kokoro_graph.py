"""Against ONNX Runtime's own int8 operators on a small graph of the same kinds of nodes as the export's."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from distill.teachers._kokoro_graph import dequantize, keep_outputs

CHANNELS, HIDDEN, STEPS = 6, 5, 12


def _quantize(weights: np.ndarray, axes: tuple[int, ...] | None, *, signed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(integers, scale, zero point), one scale for all values or one for each index not in ``axes``."""
    low, high = weights.min(axes, keepdims=True).clip(max=0), weights.max(axes, keepdims=True).clip(min=0)
    if signed:
        scale = np.maximum(-low, high) / 127
        return np.round(weights / scale).astype(np.int8), scale.astype(np.float32), np.zeros(scale.shape, np.int8)
    scale = (high - low) / 255
    zero = np.round(-low / scale)
    return np.clip(np.round(weights / scale) + zero, 0, 255).astype(np.uint8), scale.astype(np.float32), zero.astype(np.uint8)


class Graph:
    """Puts the export's patterns together, and beside them what they stand for in float."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], outputs: list[str], **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=f"/{outputs[0]}/{kind}", **attributes))
        return outputs[0]

    def keep(self, name: str, values: np.ndarray) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, *shape: int) -> np.ndarray:
        return self.rng.normal(0, 0.5, shape).astype(np.float32)

    def activation(self, source: str) -> list[str]:
        names = [f"{source}_q", f"{source}_scale", f"{source}_zero"]
        self.add("DynamicQuantizeLinear", [source], names)
        return names

    def product(self, kind: str, source: str, out: str, quantized: tuple, **attributes) -> str:
        integers, scale, zero = (self.keep(f"{out}_{part}", v) for part, v in zip(("w", "ws", "wz"), quantized, strict=True))
        x, x_scale, x_zero = self.activation(source)
        self.add(kind, [x, integers, x_zero, zero], [f"{out}_int"], **attributes)
        self.add("Cast", [f"{out}_int"], [f"{out}_float"], to=TensorProto.FLOAT)
        self.add("Mul", [x_scale, scale], [f"{out}_bothscales"])
        return self.add("Mul", [f"{out}_float", f"{out}_bothscales"], [out])

    def model(self, inputs: dict[str, list[int]], outputs: list[str]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes, "tiny", [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs.items()],
            [helper.make_empty_tensor_value_info(n) for n in outputs], self.stored,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _run(model: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, inputs)


def _agree(model: onnx.ModelProto, expected: np.ndarray, **inputs: np.ndarray) -> None:
    """The int8 result is near, as far as 8-bit activations allow; the float one is right."""
    (int8,) = _run(model, **inputs)
    (plain,) = _run(dequantize(model), **inputs)
    span = np.abs(expected).max()
    assert np.abs(plain - expected).max() < 1e-5 * span
    assert 0 < np.abs(plain - int8).max() < 0.03 * span  # not the same: its activations are rounded
    left = {node.op_type for node in model.graph.node}
    assert left.isdisjoint({"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeLSTM"})


def test_a_convolution_with_one_unsigned_scale():
    graph = Graph()
    weights = graph.weights(4, CHANNELS, 3)
    integers, scale, zero = _quantize(weights, None, signed=False)
    graph.product("ConvInteger", "x", "y", (integers, scale.reshape(()), zero.reshape(())), pads=[2, 2], dilations=[2], kernel_shape=[3])
    x = np.random.default_rng(1).normal(size=(1, CHANNELS, STEPS)).astype(np.float32)
    real = (integers.astype(np.float32) - zero.item()) * scale.item()
    padded = np.pad(x[0], ((0, 0), (2, 2)))
    expected = np.stack([np.einsum("oik,ik->o", real, padded[:, t : t + 5 : 2]) for t in range(STEPS)], -1)[None]
    _agree(graph.model({"x": [1, CHANNELS, STEPS]}, ["y"]), expected, x=x)


def test_a_product_with_a_signed_scale_for_each_output():
    graph = Graph()
    integers, scale, zero = _quantize(graph.weights(CHANNELS, 7), (0,), signed=True)
    graph.product("MatMulInteger", "x", "y", (integers, scale.reshape(-1), zero.reshape(-1)))
    x = np.random.default_rng(1).normal(size=(1, STEPS, CHANNELS)).astype(np.float32)
    _agree(graph.model({"x": [1, STEPS, CHANNELS]}, ["y"]), x @ (integers * scale), x=x)


def test_a_product_of_two_activations():
    graph = Graph()
    a, b = graph.activation("a"), graph.activation("b")
    graph.add("MatMulInteger", [a[0], b[0], a[2], b[2]], ["int"])
    graph.add("Cast", ["int"], ["float"], to=TensorProto.FLOAT)
    graph.add("Mul", [a[1], b[1]], ["scales"])
    graph.add("Mul", ["float", "scales"], ["y"])
    x, z = (np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32) for seed in (1, 2))
    model = graph.model({"a": [4, 4], "b": [4, 4]}, ["y"])
    dequantize(model)
    # unsigned activations have zero points: without quantization there must be none left
    assert np.allclose(_run(model, a=x, b=z)[0], x @ z, atol=1e-5)


def test_a_bidirectional_lstm_with_a_scale_for_each_direction():
    graph = Graph()
    parts = {"W": (CHANNELS, 4 * HIDDEN), "R": (HIDDEN, 4 * HIDDEN)}
    quantized = {name: _quantize(graph.weights(2, *shape), (1, 2), signed=True) for name, shape in parts.items()}
    names = {
        name: [graph.keep(f"{name}_q", integers), graph.keep(f"{name}_s", scale.reshape(-1)), graph.keep(f"{name}_z", zero.reshape(-1))]
        for name, (integers, scale, zero) in quantized.items()
    }
    bias = graph.keep("B", graph.weights(2, 8 * HIDDEN))
    state = [graph.keep(name, np.zeros((2, 1, HIDDEN), np.float32)) for name in ("h0", "c0")]
    graph.nodes.append(
        helper.make_node(
            "DynamicQuantizeLSTM", ["x", names["W"][0], names["R"][0], bias, "", *state, "", *names["W"][1:], *names["R"][1:]], ["y"],
            name="/lstm", domain="com.microsoft", direction="bidirectional", hidden_size=HIDDEN,
        )
    )
    x = np.random.default_rng(1).normal(size=(STEPS, 1, CHANNELS)).astype(np.float32)
    real = {n: quantized[n][0] * quantized[n][1] for n in parts}
    b = numpy_helper.to_array(next(t for t in graph.stored if t.name == "B"))
    expected = np.zeros((STEPS, 2, 1, HIDDEN), np.float32)
    for direction, order in ((0, range(STEPS)), (1, range(STEPS - 1, -1, -1))):
        h = c = np.zeros(HIDDEN)
        for t in order:
            i, o, f, g = np.split(x[t, 0] @ real["W"][direction] + h @ real["R"][direction] + b[direction].reshape(2, -1).sum(0), 4)
            sigmoid = [1 / (1 + np.exp(-v)) for v in (i, o, f)]
            c = sigmoid[2] * c + sigmoid[0] * np.tanh(g)
            h = sigmoid[1] * np.tanh(c)
            expected[t, direction, 0] = h
    _agree(graph.model({"x": [STEPS, 1, CHANNELS]}, ["y"]), expected, x=x)


def test_a_rounded_bias_is_not_rounded_any_more():
    graph = Graph()
    graph.keep("half", np.float32(0.5))
    graph.add("Mul", ["x", "half"], ["halved"])
    graph.nodes.append(helper.make_node("Floor", ["halved"], ["floored"], name="conv.bias_quant_rounded"))
    graph.nodes.append(helper.make_node("Cast", ["floored"], ["whole"], name="conv.bias_quantized_node", to=TensorProto.INT32))
    graph.add("Cast", ["whole"], ["y"], to=TensorProto.FLOAT)
    model = graph.model({"x": [3]}, ["y"])
    x = np.array([1, 3, 4.5], np.float32)
    assert np.array_equal(_run(model, x=x)[0], [0, 1, 2])
    assert np.allclose(_run(dequantize(model), x=x)[0], x / 2)


def test_what_no_output_needs_is_cut_off():
    graph = Graph()
    graph.keep("two", np.float32(2))
    graph.keep("three", np.float32(3))
    graph.add("Mul", ["x", "two"], ["inner"])
    graph.add("Mul", ["inner", "three"], ["y"])
    model = keep_outputs(graph.model({"x": [2]}, ["y"]), ["inner"])
    assert [node.op_type for node in model.graph.node] == ["Mul"] and [t.name for t in model.graph.initializer] == ["two"]
    assert np.allclose(_run(model, x=np.ones(2, np.float32))[0], 2)


@pytest.mark.parametrize("name", ["y", "inner"])
def test_a_graph_keeps_its_meaning_when_cut(name):
    graph = Graph()
    integers, scale, zero = _quantize(graph.weights(CHANNELS, CHANNELS), (0,), signed=True)
    graph.product("MatMulInteger", "x", "inner", (integers, scale.reshape(-1), zero.reshape(-1)))
    graph.add("Tanh", ["inner"], ["y"])
    model = graph.model({"x": [1, CHANNELS]}, ["y", "inner"])
    x = np.random.default_rng(2).normal(size=(1, CHANNELS)).astype(np.float32)
    whole = dict(zip(["y", "inner"], _run(dequantize(model), x=x), strict=True))
    assert np.allclose(_run(keep_outputs(model, [name]), x=x)[0], whole[name])
