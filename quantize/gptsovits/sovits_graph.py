"""Four graphs of the second stage, cut where a stream is cut: ``text`` once a sentence, ``prior`` whenever there are more
tokens, ``flow`` and ``decoder`` on windows of frames.

Weights are those of modules that a voice has been folded into; names are the checkpoint's.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto

from quantize.gptsovits.builder import Builder, Weights
from quantize.gptsovits.config import FLOW_LAYERS, WINDOW, SovitsConfig
from quantize.gptsovits.convolution import Convolution, transposed
from quantize.gptsovits.decoder import LAST_SLOPE, SLOPE
from quantize.gptsovits.flow import N_COUPLINGS
from quantize.gptsovits.linear import Linear
from quantize.gptsovits.prior import MRTE_HEADS

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
END = int(np.iinfo(np.int64).max)


def text(weights: Weights, config: SovitsConfig, linear: Linear, convolution: Convolution) -> ModelProto:
    """Input ``phones`` int64 [p] of the new text; output ``text`` float32 [p, width], which the prior looks at.

    Args:
        weights: of the prior.
    """
    graph = Builder("text")
    phones = graph.input("phones", INT64, ["p"])
    x = graph.op("Gather", graph.constant(weights["text_embedding.weight"], "text_embedding"), phones)
    x = _Encoder(graph, weights, config, linear, convolution)("encoder_text", x, config.layers)
    x = _dense(graph, x, "mrte.text_pre", weights, linear)
    graph.output("text", FLOAT, ["p", weights["mrte.text_pre.weight"].shape[0]], x)
    return graph.model()


def prior(weights: Weights, codes: np.ndarray, config: SovitsConfig, linear: Linear, convolution: Convolution) -> ModelProto:
    """Inputs ``tokens`` int64 [n] and ``text``; outputs ``mean`` and ``log_std`` float32 [latent, 2 n].

    Args:
        weights: of the prior, the voice folded in.
        codes: float32 [1024, width], what the encoder takes of each token.
    """
    graph = Builder("prior")
    tokens = graph.input("tokens", INT64, ["n"])
    said = graph.input("text", FLOAT, ["p", weights["mrte.text_pre.weight"].shape[0]])
    x = graph.op("Unsqueeze", graph.op("Gather", graph.constant(codes, "codes"), tokens), graph.constant([1], kind=np.int64))
    x = graph.reshape(graph.op("Concat", x, x, axis=1), -1, config.width)
    encoder = _Encoder(graph, weights, config, linear, convolution)
    x = encoder("encoder_ssl", x, config.layers // 2)
    x = _dense(graph, x, "mrte.c_pre", weights, linear)
    x = graph.op("Add", encoder.attention("mrte.cross_attention", x, said, MRTE_HEADS), x)
    x = encoder("encoder2", _dense(graph, x, "mrte.c_post", weights, linear), config.layers // 2)
    x = graph.op("Transpose", _dense(graph, x, "proj", weights, linear), perm=[1, 0])
    for name, half in zip(("mean", "log_std"), graph.op("Split", x, axis=0, outputs=2), strict=True):
        graph.output(name, FLOAT, [config.latent, "frames"], half)
    return graph.model()


def flow(weights: Weights, config: SovitsConfig, convolution: Convolution) -> ModelProto:
    """Input ``z_p`` float32 [latent, n]; output ``z`` of the same shape.

    Args:
        weights: of the flow, the voice folded in.
    """
    graph = Builder("flow")
    x = _wide(graph, graph.input("z_p", FLOAT, [config.latent, "n"]), config.latent)
    for index in reversed(range(N_COUPLINGS)):
        name = f"flows.{2 * index}."
        kept, moved = graph.op("Split", graph.slice(x, -1, -END, 1, -1), axis=1, outputs=2)
        shift = _wave_net(graph, _convolved(graph, kept, f"{name}pre", weights, convolution), f"{name}enc.", weights, convolution)
        shift = _convolved(graph, shift, f"{name}post", weights, convolution)
        x = graph.op("Concat", kept, graph.op("Sub", moved, shift), axis=1)
    graph.output("z", FLOAT, [config.latent, "n"], graph.reshape(x, config.latent, -1))
    return graph.model()


def decoder(weights: Weights, config: SovitsConfig, convolution: Convolution) -> ModelProto:
    """Input ``z`` float32 [latent, n]; output ``wave`` [n * hop] in -1..1.

    Args:
        weights: of the decoder, the voice folded in.
    """
    graph = Builder("decoder")
    x = _wide(graph, graph.input("z", FLOAT, [config.latent, "n"]), config.latent)
    x = _convolved(graph, x, "conv_pre", weights, convolution)
    n_blocks = len(config.res_kernels)
    third = graph.constant(1 / n_blocks)
    for stage, rate in enumerate(config.up_rates):
        x = graph.op("LeakyRelu", x, alpha=SLOPE)
        x = transposed(graph, x, f"ups.{stage}", weights[f"ups.{stage}.weight"], weights[f"ups.{stage}.bias"], rate)
        blocks = [
            _res_block(graph, x, f"resblocks.{stage * n_blocks + block}.", config.res_dilations[block], weights, convolution)
            for block in range(n_blocks)
        ]
        x = graph.op("Mul", graph.op("Sum", *blocks), third)
    x = graph.op("LeakyRelu", x, alpha=LAST_SLOPE)
    x = _convolved(graph, x, "conv_post", weights, convolution)
    graph.output("wave", FLOAT, ["samples"], graph.reshape(graph.op("Tanh", x), -1))
    return graph.model()


def _res_block(graph: Builder, x: str, name: str, dilations: tuple[int, ...], weights: Weights, convolution: Convolution) -> str:
    for index, dilation in enumerate(dilations):
        y = graph.op("LeakyRelu", x, alpha=SLOPE)
        y = _convolved(graph, y, f"{name}convs1.{index}", weights, convolution, dilation)
        y = graph.op("LeakyRelu", y, alpha=SLOPE)
        x = graph.op("Add", x, _convolved(graph, y, f"{name}convs2.{index}", weights, convolution))
    return x


def _wave_net(graph: Builder, x: str, name: str, weights: Weights, convolution: Convolution) -> str:
    total = None
    for index in range(FLOW_LAYERS):
        mixed = _convolved(graph, x, f"{name}in_layers.{index}", weights, convolution)
        tanh, sigmoid = graph.op("Split", mixed, axis=1, outputs=2)
        gated = graph.op("Mul", graph.op("Tanh", tanh), graph.op("Sigmoid", sigmoid))
        given = _convolved(graph, gated, f"{name}res_skip_layers.{index}", weights, convolution)
        if index < FLOW_LAYERS - 1:
            residual, given = graph.op("Split", given, axis=1, outputs=2)
            x = graph.op("Add", x, residual)
        total = given if total is None else graph.op("Add", total, given)
    return total


class _Encoder:
    """Self-attention with relative positions and convolutions, on values [n, width]."""

    def __init__(self, graph: Builder, weights: Weights, config: SovitsConfig, linear: Linear, convolution: Convolution) -> None:
        self._graph, self._weights, self._config, self._linear, self._convolution = graph, weights, config, linear, convolution

    def __call__(self, name: str, x: str, n_layers: int) -> str:
        graph, weights = self._graph, self._weights
        for index in range(n_layers):
            attended = self.attention(f"{name}.attn_layers.{index}", x, x, self._config.heads, relative=True)
            x = self._norm(graph.op("Add", x, attended), f"{name}.norm_layers_1.{index}")
            y = _wide(graph, graph.op("Transpose", x, perm=[1, 0]), self._config.width)
            y = _convolved(graph, y, f"{name}.ffn_layers.{index}.conv_1", weights, self._convolution)
            y = _convolved(graph, graph.op("Relu", y), f"{name}.ffn_layers.{index}.conv_2", weights, self._convolution)
            y = graph.op("Transpose", graph.reshape(y, self._config.width, -1), perm=[1, 0])
            x = self._norm(graph.op("Add", x, y), f"{name}.norm_layers_2.{index}")
        return x

    def attention(self, name: str, x: str, context: str, heads: int, *, relative: bool = False) -> str:
        """``x`` [n, width] looks at ``context`` [m, width] -> [n, width]."""
        graph, weights = self._graph, self._weights
        width = weights[f"{name}.conv_q.weight"].shape[1]

        def split(value: str, part: str) -> str:
            flat = _dense(graph, value, f"{name}.conv_{part}", weights, self._linear)
            return graph.op("Transpose", graph.reshape(flat, -1, heads, width // heads), perm=[1, 0, 2])

        q = graph.op("Mul", split(x, "q"), graph.constant((width // heads) ** -0.5))
        k, v = split(context, "k"), split(context, "v")
        scores = graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 2, 1]))
        if relative:
            near = np.swapaxes(weights[f"{name}.emb_rel_k"], 1, 2)
            scores = graph.op("Add", scores, self._spread(graph.op("MatMul", q, graph.constant(near)), x, heads))
        chances = graph.op("Softmax", scores, axis=-1)
        mixed = graph.op("MatMul", chances, v)
        if relative:
            far = graph.constant(weights[f"{name}.emb_rel_v"])
            mixed = graph.op("Add", mixed, graph.op("MatMul", self._gather(chances, x, heads), far))
        mixed = graph.reshape(graph.op("Transpose", mixed, perm=[1, 0, 2]), -1, width)
        return _dense(graph, mixed, f"{name}.conv_o", weights, self._linear)

    def _spread(self, near: str, x: str, heads: int) -> str:
        """Scores by distance [heads, n, 2 window + 1] to scores by place [heads, n, n], 0 beyond the window.

        Rows padded to n + 2 window + 1, and read on as rows one shorter, slide one place further with every row.
        """
        graph, n = self._graph, self._graph.length(x, 0)
        padded = graph.op("Pad", near, self._pads(3, n))
        flat = graph.reshape(padded, heads, -1)
        shorter = graph.op("Add", n, graph.constant([2 * WINDOW], kind=np.int64))
        flat = graph.slice(flat, 0, graph.op("Mul", n, shorter), 1)
        rows = graph.op("Reshape", flat, graph.op("Concat", graph.constant([heads], kind=np.int64), n, shorter, axis=0))
        return graph.slice(rows, WINDOW, graph.op("Add", n, graph.constant([WINDOW], kind=np.int64)), 2)

    def _gather(self, chances: str, x: str, heads: int) -> str:
        """The inverse: [heads, n, n] by place to [heads, n, 2 window + 1] by distance."""
        graph, n = self._graph, self._graph.length(x, 0)
        padded = graph.op("Pad", chances, graph.constant([0, 0, WINDOW, 0, 0, WINDOW], kind=np.int64))
        flat = graph.op("Pad", graph.reshape(padded, heads, -1), self._pads(2, n))
        longer = graph.op("Add", n, graph.constant([2 * WINDOW + 1], kind=np.int64))
        rows = graph.op("Reshape", flat, graph.op("Concat", graph.constant([heads], kind=np.int64), n, longer, axis=0))
        return graph.slice(rows, 0, 2 * WINDOW + 1, 2)

    def _pads(self, rank: int, after: str) -> str:
        """Padding of the last dimension only, at its end."""
        return self._graph.op("Concat", self._graph.constant([0] * (2 * rank - 1), kind=np.int64), after, axis=0)

    def _norm(self, x: str, name: str) -> str:
        graph, weights = self._graph, self._weights
        learned = [graph.constant(weights[f"{name}.{each}"], f"{name}.{each}") for each in ("weight", "bias")]
        return graph.op("LayerNormalization", x, *learned, axis=-1, epsilon=1e-5)


def _dense(graph: Builder, x: str, name: str, weights: Weights, linear: Linear) -> str:
    return linear(graph, x, f"{name}.weight", weights[f"{name}.weight"], weights[f"{name}.bias"])


def _convolved(graph: Builder, x: str, name: str, weights: Weights, convolution: Convolution, dilation: int = 1) -> str:
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    return convolution(graph, x, f"{name}.weight", weight, bias, dilation)


def _wide(graph: Builder, x: str, channels: int) -> str:
    """[channels, n] -> [1, channels, 1, n]."""
    return graph.reshape(x, 1, channels, 1, -1)
