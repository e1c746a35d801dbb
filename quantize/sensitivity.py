"""What each layer loses by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from distill.student import StudentConfig
from quantize.graph import FloatGraph
from quantize.loss import Loss, measure
from quantize.reading import Reading, Voice
from quantize.variants import Recipe, build, quantized
from quantize.weights import WeightFile


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The loss when ``layer`` of ``graph`` is the only one in eight bits, as the ``cpu`` variant computes it."""

    graph: str
    layer: str
    loss: Loss


def sensitivities(
    config: StudentConfig,
    graphs: Sequence[FloatGraph],
    references: Sequence[Reading],
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> list[Sensitivity]:
    """Every layer that may be quantized, worst first."""
    layers = [(graph, layer, weight) for graph in graphs for layer, weight in quantized(graph).items()]
    weights = WeightFile()
    whole = {each.name: build(each, "cpu", Recipe({}, half_storage=False), weights) for each in graphs}
    float32 = Voice.of(config, whole, weights.to_bytes())
    found = []
    for graph, layer, weight in progress(layers):
        weights = WeightFile()
        model = build(graph, "cpu", Recipe({layer: weight}, half_storage=False), weights)
        voice = float32.with_graph(graph.name, model, weights.to_bytes())
        found.append(Sensitivity(graph.name, layer, measure(voice, references, config.sample_rate)))
    return sorted(found, key=lambda each: -each.loss.spectral_db)
