"""The layer that suffers most stands first."""

from __future__ import annotations

import dataclasses

from quantize.reading import Voice
from quantize.sensitivity import sensitivities
from tests.rigs.student import float_models


def test_every_layer_once_and_worst_first(student, graphs, references):
    found = sensitivities(student.model.config, graphs, references[1:])
    assert sorted((each.graph, each.layer) for each in found) == sorted((graph.name, layer) for graph in graphs for layer in graph.layers)
    losses = [each.loss.spectral_db for each in found]
    assert losses == sorted(losses, reverse=True)
    assert all(loss > 0 for loss in losses[:4])


def test_a_layer_with_an_outlier_is_found(student, graphs, float32, references):
    """One huge weight on an input that is nearly zero wastes the whole range of its channel."""
    decoder = next(graph for graph in graphs if graph.name == "decoder")
    name = decoder.layers["blocks.1/expand"]
    tensors = {key: decoder.tensors[key].copy() for key in (name, "blocks.1.norm.weight", "blocks.1.norm.bias")}
    for key, value in zip(tensors, (300, 0, 0), strict=True):
        tensors[key][5] = value
    changed = dataclasses.replace(decoder, tensors={**decoder.tensors, **tensors})
    others = [graph if graph is not decoder else changed for graph in graphs]
    voice = Voice.of(student.model.config, *float_models(others))
    found = sensitivities(student.model.config, others, [voice.read(references[1].phonemes)])
    assert (found[0].graph, found[0].layer) == ("decoder", "blocks.1/expand")
