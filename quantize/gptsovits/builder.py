"""Writes ONNX graphs node by node: what a tracer cannot be told (in-place caches, shared weights, integer kernels) stands here
as it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
OPSET, IR_VERSION = 17, 9
"""Old enough for every ONNX Runtime that the daemon runs on."""

Weights = Mapping[str, NDArray[Any]]
Shape = Sequence[int | str]


class Builder:
    """One graph under construction; values are known by their names.

    Args:
        name: of the graph.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._constants: dict[str, TensorProto] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, kind: int, shape: Shape) -> str:
        """Declare an input; ``kind`` is a ``TensorProto`` data type."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, kind: int, shape: Shape, value: str | None = None) -> None:
        """Declare an output, which is ``value`` under another name unless it already has the right one."""
        if value is not None:
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def constant(self, value: Any, name: str | None = None, kind: type = np.float32) -> str:
        """A constant; arrays keep their type, everything else becomes ``kind``."""
        array = np.ascontiguousarray(value if isinstance(value, np.ndarray) else np.array(value, kind))
        if array.dtype in (np.float16, np.float64):
            array = array.astype(np.float32)
        name = name or f"constant_{len(self._constants)}"
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(array.reshape(np.shape(value)), name)
        return name

    def op(self, kind: str, *inputs: str, outputs: int | Sequence[str] = 1, domain: str = "", **attributes: Any) -> Any:
        """Add a node; its output's name, or a list of them. An absent optional input is ``""``."""
        count = len(self._nodes)
        names = [f"{kind}_{count}_{each}" for each in range(outputs)] if isinstance(outputs, int) else list(outputs)
        self._nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.constant(list(shape), kind=np.int64))

    def slice(self, x: str, start: int | str, end: int | str, axis: int, step: int = 1) -> str:
        """``start`` and ``end`` are numbers or names of int64 [1]."""
        bounds = [each if isinstance(each, str) else self.constant([each], kind=np.int64) for each in (start, end)]
        return self.op("Slice", x, *bounds, self.constant([axis], kind=np.int64), self.constant([step], kind=np.int64))

    def length(self, x: str, axis: int) -> str:
        """Size along one axis, int64 [1]."""
        return self.op("Shape", x, start=axis, end=axis + 1)

    def model(self) -> ModelProto:
        """The graph, all constants inside it."""
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values()))
        domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION, producer_name="quantize.gptsovits")
