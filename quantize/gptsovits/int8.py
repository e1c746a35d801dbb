"""A voice in eight bits: which layers, and over which ranges.

Matrices have eight-bit weights and take their inputs' ranges from the inputs themselves; what the transformer's last layer gives is
compared by last bits, so that one stays in float32. Most of what the others lose they lose where attention's heads are put together, in a
twelfth of the weights: there few inputs are rounded together, elsewhere as many as there can be, which is fastest.
Convolutions of the decoder take fixed ranges, measured on what the voice itself says: they are nine tenths of the work there, and integer
kernels with fixed ranges are the only ones that are faster than float32. Those of flow and prior are a twentieth of the work and would
lose more than they save.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.gptsovits import convolution, linear, sovits_graph
from quantize.gptsovits.bake import BakedSovits
from quantize.gptsovits.builder import Builder
from quantize.gptsovits.convolution import Quantized, Range, Watched
from quantize.gptsovits.export import Form, arrays
from quantize.gptsovits.onnx_runtime import sessions

IN_FLOAT32 = ("conv_pre.weight", "conv_post.weight")
"""The decoder's ends: next to nothing of the work, and the last one is the wave itself."""
HEADS_BLOCK, LARGEST_BLOCK = 64, 256
"""Inputs that are rounded together in the transformer: those of two heads where heads are put together, else the most of ONNX Runtime."""
WINDOW_FRAMES = 100
"""As many frames are decoded at once while ranges are measured: two seconds."""


def form(ranges: dict[str, Range]) -> Form:
    """Eight bits for a device's processor.

    Args:
        ranges: of the decoder, see :func:`calibrate`.
    """
    return Form(
        {"prefill": _transformer, "step": _transformer, "text": linear.int8, "prior": linear.int8},
        {"text": convolution.stored_int8, "prior": convolution.stored_int8, "flow": convolution.stored_int8, "decoder": Quantized(ranges)},
    )


def calibrate(model: BakedSovits, latents: Iterable[NDArray[np.float32]]) -> dict[str, Range]:
    """Ranges of the decoder's convolutions over ``latents``, each float32 [latent, frames] as the flow gives them."""
    watched = Watched()
    graph = sovits_graph.decoder(arrays(model.decoder), model.config, watched)
    session: Any = sessions({"decoder": graph})["decoder"]
    runs = []
    for z in latents:
        for start in range(0, z.shape[1], WINDOW_FRAMES):
            values = session.run(watched.outputs, {"z": np.ascontiguousarray(z[:, start : start + WINDOW_FRAMES])})
            runs.append({name: float(value) for name, value in zip(watched.outputs, values, strict=True)})
    return {place: found for place, found in Watched.ranges(runs).items() if not place.startswith(IN_FLOAT32)}


def _transformer(graph: Builder, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
    if name == "ar_predict_layer.weight":
        return linear.float32(graph, x, name, weight, bias)
    return linear.int8(graph, x, name, weight, bias, most=HEADS_BLOCK if "out_proj" in name else LARGEST_BLOCK)
