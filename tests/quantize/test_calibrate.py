"""Static ranges hold what really occurs."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from edge_agent.text.symbols import encode
from quantize import calibrate as module
from quantize.calibrate import calibrate
from quantize.reading import session
from quantize.variants import Recipe, build
from quantize.weights import WeightFile
from tests.rigs.student import PHONEMES


@pytest.fixture(scope="module")
def ranges(student, graphs):
    return calibrate(student.model.config, graphs, [PHONEMES, "nihau"])


def test_every_layer_has_one(ranges, graphs):
    assert {name: set(each) for name, each in ranges.items()} == {graph.name: set(graph.layers) for graph in graphs}
    assert all(value > 0 for each in ranges.values() for value in each.values())


def test_before_gelu_the_largest_counts_and_after_it_nearly(graphs, ranges):
    """Against the activations themselves, for the graph whose input is at hand."""
    text = next(graph for graph in graphs if graph.name == "text")
    weights = WeightFile()
    model = build(text, "gpu", Recipe({}, half_storage=False), weights)
    watched = text.activations()
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in watched.values())
    ids = [np.array([encode(each)], np.int64) for each in (PHONEMES, "nihau")]
    outputs = [session(model, weights.to_bytes()).run(None, {"ids": each})[2:] for each in ids]
    for index, layer in enumerate(watched):
        magnitudes = np.concatenate([np.abs(each[index]).ravel() for each in outputs])
        if layer.endswith("expand"):
            assert ranges["text"][layer] == pytest.approx(magnitudes.max(), rel=1e-5)
        else:
            assert 0.5 * np.percentile(magnitudes, 99.9) < ranges["text"][layer] <= magnitudes.max() * 1.001


def test_a_single_outlier_after_gelu_does_not_set_the_scale(student, graphs, monkeypatch):
    monkeypatch.setattr(module, "PERCENTILE", 50)
    half = calibrate(student.model.config, graphs, [PHONEMES])["text"]
    monkeypatch.setattr(module, "PERCENTILE", 100)
    full = calibrate(student.model.config, graphs, [PHONEMES])["text"]
    assert all(half[layer] < full[layer] for layer in half if layer.endswith("project"))
    assert all(half[layer] == full[layer] for layer in half if layer.endswith("expand"))
