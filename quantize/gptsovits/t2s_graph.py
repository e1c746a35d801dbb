"""Two graphs of the text-to-semantic transformer: all that is known at once, then one token at a time.

``prefill`` takes the sentence and the reference's tokens and gives keys and values of every position. ``step`` takes one
token; its keys and values are appended to caches that are its inputs and its outputs at once, so that with one buffer bound
as both nothing is copied and nothing crosses into Python.
"""

from __future__ import annotations

import math

import numpy as np
from onnx import ModelProto, TensorProto

from quantize.gptsovits.builder import MICROSOFT, Builder, Weights
from quantize.gptsovits.config import BERT_DIM, T2SConfig
from quantize.gptsovits.linear import Linear

FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
FORBIDDEN = -1e9


def prefill(weights: Weights, config: T2SConfig, linear: Linear) -> ModelProto:
    """All positions known before the first new token.

    Inputs: ``reference`` float32 [r, width], the reference's text already embedded, which may be empty; ``phones`` int64 [n]
    and ``features`` float32 [n, 1024] of the new text; ``prompt`` int64 [p], the reference's tokens, which may be none.
    Outputs: ``logits`` [vocab] of the token after them, ``keys`` and ``values`` [layers, heads, r + n + p, head dim].
    """
    graph = Builder("prefill")
    reference = graph.input("reference", FLOAT, ["r", config.width])
    phones = graph.input("phones", INT64, ["n"])
    features = graph.input("features", FLOAT, ["n", BERT_DIM])
    prompt = graph.input("prompt", INT64, ["p"])
    bert = linear(graph, features, "bert_proj.weight", weights["bert_proj.weight"], weights["bert_proj.bias"])
    table = graph.constant(weights["ar_text_embedding.word_embeddings.weight"], "text_embedding")
    text = graph.op("Add", graph.op("Gather", table, phones), bert)
    places = graph.op("Add", _count(graph, phones), graph.op("Cast", graph.length(reference, 0), to=FLOAT))
    text = graph.op("Add", text, _positions(graph, weights["ar_text_position.alpha"], places, config))
    text = graph.op("Concat", reference, text, axis=0)
    spoken = graph.op("Gather", graph.constant(weights["ar_audio_embedding.word_embeddings.weight"], "audio_embedding"), prompt)
    spoken = graph.op("Add", spoken, _positions(graph, weights["ar_audio_position.alpha"], _count(graph, prompt), config))
    x = graph.reshape(graph.op("Concat", text, spoken, axis=0), 1, -1, config.width)
    mask = _prefix_mask(graph, graph.length(text, 0), x)
    keys, values = [], []
    for index in range(config.layers):
        q, k, v = graph.op("Split", _project(graph, x, index, weights, linear, config), axis=-1, outputs=3)
        attended, key, value = graph.op(
            "MultiHeadAttention", q, k, v, "", "", mask, outputs=3, domain=MICROSOFT, num_heads=config.heads, scale=1.0
        )
        keys.append(key)
        values.append(value)
        if index == config.layers - 1:  # only the last position is asked for what follows
            attended, x = (graph.slice(each, -1, np.iinfo(np.int64).max, 1) for each in (attended, x))
        x = _finish(graph, x, attended, index, weights, linear)
    graph.output("logits", FLOAT, [config.vocab], _logits(graph, x, weights, linear, config))
    shape = [config.layers, config.heads, "positions", config.width // config.heads]
    graph.output("keys", FLOAT, shape, graph.op("Concat", *keys, axis=0))
    graph.output("values", FLOAT, shape, graph.op("Concat", *values, axis=0))
    return graph.model()


def step(weights: Weights, config: T2SConfig, linear: Linear) -> ModelProto:
    """Inputs ``token`` int64 [1, 1]; ``place`` int64 [1], its number among the tokens, the reference's too; ``filled`` int32
    [1], positions in the cache; ``total`` int32 scalar, one more; caches ``key_<layer>`` and ``value_<layer>`` float32
    [1, heads, capacity, head dim]. Outputs ``logits`` [vocab] and the caches as ``new_key_<layer>``, ``new_value_<layer>``."""
    graph = Builder("step")
    token = graph.input("token", INT64, [1, 1])
    place = graph.input("place", INT64, [1])
    filled = graph.input("filled", INT32, [1])
    total = graph.input("total", INT32, [])
    shape = [1, config.heads, "capacity", config.width // config.heads]
    x = graph.op("Gather", graph.constant(weights["ar_audio_embedding.word_embeddings.weight"], "audio_embedding"), token)
    x = graph.op("Add", x, _positions(graph, weights["ar_audio_position.alpha"], graph.op("Cast", place, to=FLOAT), config))
    for index in range(config.layers):
        caches = [graph.input(f"{each}_{index}", FLOAT, shape) for each in ("key", "value")]
        attended, *renewed = graph.op(
            "GroupQueryAttention", _project(graph, x, index, weights, linear, config), "", "", *caches, filled, total,
            outputs=[f"attended_{index}", f"new_key_{index}", f"new_value_{index}"], domain=MICROSOFT,
            num_heads=config.heads, kv_num_heads=config.heads, scale=1.0,
        )  # fmt: skip
        for each in renewed:
            graph.output(each, FLOAT, shape)
        x = _finish(graph, x, attended, index, weights, linear)
    graph.output("logits", FLOAT, [config.vocab], _logits(graph, x, weights, linear, config))
    return graph.model()


def _project(graph: Builder, x: str, index: int, weights: Weights, linear: Linear, config: T2SConfig) -> str:
    """Queries, keys and values in one, [1, length, 3 * width]. Queries are scaled here already, for the sake of the step: ONNX Runtime has
    a faster kernel for the product of one row and a matrix if that need not be scaled."""
    name = f"h.layers.{index}.self_attn.in_proj_"
    scale = np.ones(3 * config.width, np.float32)
    scale[: config.width] = (config.width // config.heads) ** -0.5
    return linear(graph, x, f"{name}weight", weights[f"{name}weight"] * scale[:, None], weights[f"{name}bias"] * scale)


def _finish(graph: Builder, x: str, attended: str, index: int, weights: Weights, linear: Linear) -> str:
    layer = f"h.layers.{index}."

    def dense(value: str, name: str) -> str:
        return linear(graph, value, f"{layer}{name}.weight", weights[f"{layer}{name}.weight"], weights[f"{layer}{name}.bias"])

    def norm(value: str, name: str) -> str:
        learned = [graph.constant(weights[f"{layer}{name}.{each}"], f"{layer}{name}.{each}") for each in ("weight", "bias")]
        return graph.op("LayerNormalization", value, *learned, axis=-1, epsilon=1e-5)

    x = norm(graph.op("Add", x, dense(attended, "self_attn.out_proj")), "norm1")
    return norm(graph.op("Add", x, dense(graph.op("Relu", dense(x, "linear1")), "linear2")), "norm2")


def _logits(graph: Builder, x: str, weights: Weights, linear: Linear, config: T2SConfig) -> str:
    """``x`` [1, 1, width] -> [vocab]."""
    return graph.reshape(linear(graph, x, "ar_predict_layer.weight", weights["ar_predict_layer.weight"]), config.vocab)


def _count(graph: Builder, values: str) -> str:
    """0, 1, 2 and so on, float32 [length of ``values``]."""
    size = graph.op("Squeeze", graph.length(values, 0))
    numbers = graph.op("Range", graph.constant(0, kind=np.int64), size, graph.constant(1, kind=np.int64))
    return graph.op("Cast", numbers, to=FLOAT)


def _positions(graph: Builder, alpha: np.ndarray, places: str, config: T2SConfig) -> str:
    """Sines and cosines in turn of ``places`` float32 [n], times ``alpha``: [n, width]."""
    # float32 throughout, as the weights were trained with
    speeds = np.exp(np.arange(0, config.width, 2, dtype=np.float32) * np.float32(-math.log(10000.0) / config.width))
    angles = graph.op("Mul", graph.reshape(places, -1, 1), graph.constant(speeds))
    waves = [graph.reshape(graph.op(each, angles), -1, config.width // 2, 1) for each in ("Sin", "Cos")]
    table = graph.reshape(graph.op("Concat", *waves, axis=-1), -1, config.width)
    return graph.op("Mul", table, graph.constant(np.asarray(alpha, np.float32).reshape(1)))


def _prefix_mask(graph: Builder, n_text: str, x: str) -> str:
    """What is added to attention scores, [1, 1, n, n]: text sees text; a token sees text and tokens up to itself."""
    size = graph.op("Squeeze", graph.length(x, 1))
    numbers = graph.op("Range", graph.constant(0, kind=np.int64), size, graph.constant(1, kind=np.int64))
    key, query = graph.reshape(numbers, 1, -1), graph.reshape(numbers, -1, 1)
    seen = graph.op("Or", graph.op("Less", key, n_text), graph.op("LessOrEqual", key, query))
    mask = graph.op("Where", seen, graph.constant(0.0), graph.constant(FORBIDDEN))
    return graph.op("Unsqueeze", mask, graph.constant([0, 1], kind=np.int64))
