"""How large activations get, for quantization with scales that are fixed beforehand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from distill.student import StudentConfig
from quantize.graph import FloatGraph
from quantize.reading import Float, Voice, session
from quantize.variants import Recipe, build
from quantize.weights import WeightFile

PERCENTILE = 99.99
"""Of magnitudes after GELU, whose few largest are far out; before it LayerNorm has bounded them and the largest counts."""
_EDGES = np.geomspace(1e-4, 1e4, 4096)
_STRIDE = 17
"""One magnitude in so many is counted, prime to the widths so that all channels are: counting all takes longer than
computing them."""


def calibrate(config: StudentConfig, graphs: Iterable[FloatGraph], phonemes: Iterable[str]) -> dict[str, dict[str, float]]:
    """Largest magnitude to represent, by graph and layer, over sentences spoken by the float32 graphs."""
    voice = _Watched(config, {graph.name: graph for graph in graphs})
    for each in phonemes:
        voice.read(each)
    return voice.ranges()


class _Watched(Voice):
    """Counts the magnitudes of what goes into every layer while it speaks."""

    def __init__(self, config: StudentConfig, graphs: dict[str, FloatGraph]) -> None:
        models, weights = {}, WeightFile()
        self._layers: dict[str, list[str]] = {}
        self._counts: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._largest: dict[tuple[str, str], float] = {}
        for name, graph in graphs.items():
            model = build(graph, "gpu", Recipe({}, half_storage=False), weights)
            watched = graph.activations()
            model.graph.output.extend(helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in watched.values())
            models[name], self._layers[name] = model, list(watched)
        super().__init__(config, {name: session(model, weights.to_bytes()) for name, model in models.items()})

    def run(self, graph: str, **inputs: NDArray[np.generic]) -> list[Float]:
        outputs = super().run(graph, **inputs)
        layers = self._layers[graph]
        for layer, values in zip(layers, outputs[-len(layers) :], strict=True):
            key, magnitudes = (graph, layer), np.abs(values).ravel()
            counts = np.bincount(np.searchsorted(_EDGES, magnitudes[::_STRIDE]), minlength=len(_EDGES) + 1)
            self._counts[key] = self._counts.get(key, 0) + counts
            self._largest[key] = max(self._largest.get(key, 0.0), float(magnitudes.max()))
        return outputs[: -len(layers)]

    def ranges(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {name: {} for name in self._layers}
        for (graph, layer), counts in self._counts.items():
            within = np.searchsorted(np.cumsum(counts), counts.sum() * PERCENTILE / 100)
            largest = self._largest[graph, layer]
            found[graph][layer] = min(largest, float(_EDGES[min(within, len(_EDGES) - 1)])) if layer.endswith("/project") else largest
        return found
