"""Weights for the torch model, out of the float32 graph that the teacher's folder holds.

A weight is found through the node that uses it, whose name is the path of its module: initializers have lost their names. As
the export quantized it, a product's weight is stored as whole numbers with a scale that a later node applies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from edge_agent.errors import EdgeAgentError

_LAYER = "bert.encoder.albert_layer_groups.0.albert_layers.0."
_RENAMED = (
    (r"^decoder\.decoder\.", "decoder."),
    (r"^encoder\.(?!decoder)", ""),
    (r"^(F0|N|shared|F0_proj|N_proj)(?=\.|$)", r"predictor.\1"),
    (re.escape(_LAYER) + r"attention\.LayerNorm", "bert.layer.attention_norm"),
    (re.escape(_LAYER) + r"(?:attention\.)?", "bert.layer."),
    (r"^bert\.layer\.full_layer_layer_norm", "bert.layer.norm"),
    (r"^bert\.embeddings\.(word|position|token_type)_embeddings", r"bert.\1"),
    (r"^bert\.word\.", "bert.words."),
    (r"^bert\.position\.", "bert.positions."),
    (r"^bert\.token_type\.", "bert.types."),
    (r"^bert\.embeddings\.LayerNorm", "bert.norm"),
    (r"^bert\.encoder\.embedding_hidden_mapping_in", "bert.widen"),
    (r"^predictor\.duration_proj\.linear_layer", "predictor.duration_proj"),
    (r"^decoder\.asr_res\.0", "decoder.asr_res"),
    (r"\.gamma$", ".weight"),
    (r"\.beta$", ".bias"),
)
_REPEATED = re.compile(r"_\d+$")
_QUANTIZED = "_quantized_float"


class WeightsError(EdgeAgentError):
    """A graph lacks weights of the model, or they have another shape."""


def read_weights(graph: Path, model: torch.nn.Module) -> None:
    """Fill ``model`` with the weights in ``graph``.

    Raises:
        WeightsError: it cannot be read, or is not the float32 form of the public export.
    """
    try:
        found = dict(_weights(onnx.load(graph).graph))
    except (OSError, DecodeError, KeyError, ValueError) as error:
        raise WeightsError(f"{graph} is missing, damaged or another graph ({error!r}); python -m distill assemble makes it") from error
    wanted = model.state_dict()
    absent = sorted(set(wanted) - set(found))
    if absent:
        raise WeightsError(f"{graph} lacks {len(absent)} of {len(wanted)} tensors, {absent[0]} first; it is not the export of Kokoro-82M")
    for name, tensor in wanted.items():
        if found[name].shape != tuple(tensor.shape):
            raise WeightsError(f"{graph}: {name} has the shape {found[name].shape}, expected {tuple(tensor.shape)}")
        tensor.copy_(torch.tensor(found[name]))


def _weights(graph: onnx.GraphProto) -> Iterator[tuple[str, np.ndarray]]:
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for name, values in stored.items():
        if name.startswith(("encoder.", "decoder.")) and values.dtype == np.float32:
            yield _renamed(name), values
    for node in graph.node:
        weight = next((name for name in node.input if name in stored), "")
        if node.op_type in ("Conv", "ConvTranspose") and weight:
            yield f"{_module(node.name)}.weight", _scaled(stored, weight)
        elif node.op_type == "MatMul" and weight:
            yield f"{_module(node.name)}.weight", np.ascontiguousarray(_scaled(stored, weight).T)
        elif node.op_type == "Gather" and weight.endswith(".weight_quantized"):
            scale = stored[f"{weight.removesuffix('_quantized')}_scale"]
            yield _renamed(weight.removesuffix("_quantized")), stored[weight].astype(np.float32) * scale
        elif node.op_type == "LSTM":
            for name, values in _lstm(*(stored[name] for name in node.input[1:4])):
                yield f"{_module(node.name)}.{name}", values


def _scaled(stored: dict[str, np.ndarray], weight: str) -> np.ndarray:
    if not weight.endswith(_QUANTIZED):
        return stored[weight]
    return stored[weight] * stored[f"{weight.removesuffix(_QUANTIZED)}_scale"]


def _lstm(inputs: np.ndarray, recurrent: np.ndarray, biases: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    for direction, suffix in enumerate(("", "_reverse")):
        ih, hh = np.split(biases[direction], 2)
        parts = {"weight_ih": inputs[direction], "weight_hh": recurrent[direction], "bias_ih": ih, "bias_hh": hh}
        for name, values in parts.items():
            i, o, f, c = np.split(values, 4)  # ONNX's order of gates
            yield f"{name}_l0{suffix}", np.concatenate([i, f, c, o])


def _module(node: str) -> str:
    """``/encoder/text_encoder/cnn.0/cnn.0.1/Conv_quant`` is the weight of ``text_encoder.cnn.0.1``."""
    parts: list[str] = []
    for part in node.strip("/").split("/")[:-1]:
        if parts and part.startswith(f"{parts[-1]}."):
            parts.pop()
        parts.append(_REPEATED.sub("", part) if "albert_layers.0" in parts else part)
    return _renamed(".".join(parts))


def _renamed(name: str) -> str:
    for pattern, instead in _RENAMED:
        name = re.sub(pattern, instead, name)
    return name
