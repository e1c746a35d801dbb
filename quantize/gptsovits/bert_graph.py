"""The Chinese text model in eight bits: embeddings and the layers that GPT-SoVITS uses, which are all but the last two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from quantize.errors import QuantizeError
from quantize.gptsovits.builder import Builder
from quantize.gptsovits.config import BERT_DIM
from quantize.gptsovits.linear import Linear

UNUSED_LAYERS = 2
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_SAFETENSORS_TYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
_MAX_HEADER_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class TextWeights:
    """``tensors`` by their names without the leading ``bert.``; ``vocabulary`` is the file's content."""

    tensors: Mapping[str, NDArray[Any]]
    n_layers: int
    n_heads: int
    epsilon: float
    vocabulary: bytes


def read(folder: Path) -> TextWeights:
    """A BERT model as its publishers give it: ``config.json``, ``vocab.txt`` and the weights.

    Raises:
        QuantizeError: something is missing, damaged, or not the model GPT-SoVITS was trained with.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
        n_layers, n_heads, width = (int(config[name]) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
        epsilon = float(config.get("layer_norm_eps", 1e-12))
        vocabulary = (folder / "vocab.txt").read_bytes()
        tensors = {name.removeprefix("bert."): value for name, value in _tensors(folder).items()}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise QuantizeError(f"{folder} is no folder of a BERT model: {error}") from error
    if width != BERT_DIM or n_layers <= UNUSED_LAYERS or n_heads < 1 or width % n_heads:
        raise QuantizeError(
            f"{folder} holds a model of {n_layers} layers and {width} features; GPT-SoVITS takes {BERT_DIM} features of "
            "chinese-roberta-wwm-ext-large"
        )
    needed = [f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")]
    needed += [f"encoder.layer.{index}.output.dense.weight" for index in range(n_layers - UNUSED_LAYERS)]
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise QuantizeError(f"{folder}: {len(missing)} tensors are missing, the first is {missing[0]}")
    return TextWeights(tensors, n_layers, n_heads, epsilon, vocabulary)


def build(weights: TextWeights, linear: Linear) -> ModelProto:
    """Input ``characters`` int64 [n + 2] with the marks of beginning and end; output ``features`` float32 [n, 1024]."""
    graph, tensors = Builder("bert"), weights.tensors

    def norm(x: str, name: str) -> str:
        learned = [graph.constant(tensors[f"{name}.LayerNorm.{each}"], f"{name}.LayerNorm.{each}") for each in ("weight", "bias")]
        return graph.op("LayerNormalization", x, *learned, axis=-1, epsilon=weights.epsilon)

    def dense(x: str, name: str) -> str:
        return linear(graph, x, f"{name}.weight", tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    characters = graph.input("characters", TensorProto.INT64, ["n"])
    places = graph.constant(tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][:1])
    x = _embedded(graph, characters, tensors["embeddings.word_embeddings.weight"])
    x = norm(graph.op("Add", x, graph.slice(places, 0, graph.length(characters, 0), 0)), "embeddings")
    for index in range(weights.n_layers - UNUSED_LAYERS):
        layer = f"encoder.layer.{index}"
        q, k, v = (_heads(graph, dense(x, f"{layer}.attention.self.{each}"), weights.n_heads) for each in ("query", "key", "value"))
        scores = graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 2, 1]))
        scores = graph.op("Mul", scores, graph.constant((BERT_DIM // weights.n_heads) ** -0.5))
        mixed = graph.op("Transpose", graph.op("MatMul", graph.op("Softmax", scores, axis=-1), v), perm=[1, 0, 2])
        mixed = dense(graph.reshape(mixed, -1, BERT_DIM), f"{layer}.attention.output.dense")
        x = norm(graph.op("Add", x, mixed), f"{layer}.attention.output")
        y = dense(_gelu(graph, dense(x, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
        x = norm(graph.op("Add", x, y), f"{layer}.output")
    graph.output("features", TensorProto.FLOAT, ["characters", BERT_DIM], graph.slice(x, 1, -1, 0))
    return graph.model()


def _embedded(graph: Builder, ids: str, table: NDArray[Any]) -> str:
    """Rows of a table kept in eight bits, a scale for each."""
    scales = np.abs(table).max(1, keepdims=True).astype(np.float32) / 127
    scales[scales == 0] = 1
    rows = graph.op("Gather", graph.constant(np.rint(table / scales).astype(np.int8), "word_embeddings"), ids)
    return graph.op("Mul", graph.op("Cast", rows, to=TensorProto.FLOAT), graph.op("Gather", graph.constant(scales), ids))


def _heads(graph: Builder, x: str, n_heads: int) -> str:
    return graph.op("Transpose", graph.reshape(x, -1, n_heads, BERT_DIM // n_heads), perm=[1, 0, 2])


def _gelu(graph: Builder, x: str) -> str:
    error = graph.op("Erf", graph.op("Mul", x, graph.constant(0.5**0.5)))
    return graph.op("Mul", graph.op("Mul", x, graph.constant(0.5)), graph.op("Add", error, graph.constant(1.0)))


def _tensors(folder: Path) -> dict[str, NDArray[Any]]:
    path = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if path is None:
        raise QuantizeError(f"{folder} holds neither {' nor '.join(WEIGHT_FILES)}")
    if path.suffix == ".bin":
        stored = torch.load(path, map_location="cpu", weights_only=True)
        return {name: value.float().numpy() for name, value in stored.items() if value.is_floating_point()}
    data = np.memmap(path, np.uint8, "r")
    size = int(data[:8].view("<u8")[0])
    if size > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise QuantizeError(f"{path} is no safetensors file, or is cut short")
    header = json.loads(bytes(data[8 : 8 + size]))
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in _SAFETENSORS_TYPES:
            start, end = entry["data_offsets"]
            found[name] = np.frombuffer(data[8 + size + start : 8 + size + end], _SAFETENSORS_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found
