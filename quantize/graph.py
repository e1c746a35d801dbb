"""A float32 graph as the exporter leaves it, made ready for surgery."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

_BLOCK = r"/(?:duration_)?blocks\.\d+/"
_BLOCK_MATMUL = re.compile(rf"(?P<layer>{_BLOCK}(?:expand|project))/MatMul")


@dataclass(frozen=True, slots=True)
class FloatGraph:
    """One exported graph with its tensors aside.

    ``name`` is ``text``, ``prosody`` or ``decoder``; ``model`` has no initializers; ``tensors`` are they, by name;
    ``layers`` maps the pointwise matmuls of ConvNeXt blocks, such as ``blocks.3/expand``, to their weights' names: nine
    of ten weights are there, and they are what survives eight bits.
    """

    name: str
    model: ModelProto
    tensors: dict[str, NDArray[np.generic]]
    layers: dict[str, str]

    @classmethod
    def of(cls, name: str, model: ModelProto) -> FloatGraph:
        """Take ``model`` apart; tensors that the exporter shares through Identity nodes go to each user by name."""
        model = ModelProto.FromString(model.SerializeToString())
        tensors = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        aliases = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Identity" and node.input[0] in tensors}
        nodes = [node for node in model.graph.node if node.output[0] not in aliases]
        for node in nodes:
            node.input[:] = [aliases.get(each, each) for each in node.input]
        del model.graph.node[:], model.graph.initializer[:]
        model.graph.node.extend(nodes)
        return cls(name, model, tensors, {layer: node.input[1] for node in nodes if (layer := layer_of(node))})

    def activations(self) -> dict[str, str]:
        """What goes into each of :attr:`layers`: the name of the value, by layer."""
        return {layer: node.input[0] for node in self.model.graph.node if (layer := layer_of(node))}


def layer_of(node: NodeProto) -> str | None:
    """The layer whose MatMul ``node`` is, if it is one that may be quantized."""
    match = _BLOCK_MATMUL.fullmatch(node.name)
    return match["layer"].lstrip("/") if match else None


def in_block(node: NodeProto) -> bool:
    """Whether ``node`` belongs to a ConvNeXt block."""
    return bool(re.match(_BLOCK, node.name))
