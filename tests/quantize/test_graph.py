"""What may be quantized is found, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import NodeProto, load

from distill.student import MobileSoVITS
from quantize.export import export
from quantize.graph import FloatGraph, in_block, layer_of
from quantize.reading import session
from quantize.variants import Recipe, build
from quantize.weights import WeightFile
from tests.rigs.student import TINY


def test_every_matmul_of_every_block_is_found(graphs):
    config = TINY
    counts = {graph.name: len(graph.layers) for graph in graphs}
    blocks = {"text": config.text_blocks + config.duration_blocks, "prosody": config.prosody_blocks, "decoder": config.decoder_blocks}
    assert counts == {name: 2 * count for name, count in blocks.items()}


def test_layers_name_the_students_weights(graphs, student):
    decoder = next(graph for graph in graphs if graph.name == "decoder")
    expand = student.model.decoder.blocks[2].expand.weight.detach().numpy().T
    np.testing.assert_array_equal(decoder.tensors[decoder.layers["blocks.2/expand"]], expand)


def test_what_goes_into_a_layer(graphs):
    for graph in graphs:
        assert set(graph.activations()) == set(graph.layers)
        produced = {output: node.op_type for node in graph.model.graph.node for output in node.output}
        kinds = {layer.rsplit("/")[-1]: produced[name] for layer, name in graph.activations().items()}
        assert kinds == {"expand": "LayerNormalization", "project": "Gelu"}


@pytest.mark.parametrize(
    ("name", "layer", "inside"),
    [
        ("/blocks.3/expand/MatMul", "blocks.3/expand", True),
        ("/duration_blocks.0/project/MatMul", "duration_blocks.0/project", True),
        ("/blocks.3/norm/LayerNormalization", None, True),
        ("/qkv/MatMul", None, False),
        ("/out/MatMul", None, False),
        ("/MatMul_3", None, False),
    ],
)
def test_names(name, layer, inside):
    node = NodeProto(name=name)
    assert (layer_of(node), in_block(node)) == (layer, inside)


def test_tensors_shared_by_the_exporter_reach_every_user(tmp_path):
    """A fresh student's norms are all alike, which the exporter stores once behind Identity nodes."""
    torch.manual_seed(0)
    model = MobileSoVITS(TINY).eval()
    export(model, torch.ones(TINY.speaker_dim) / TINY.speaker_dim**0.5, tmp_path)
    raw = load(tmp_path / "prosody.onnx")
    assert "Identity" in {node.op_type for node in raw.graph.node}
    graph = FloatGraph.of("prosody", raw)
    assert "Identity" not in {node.op_type for node in graph.model.graph.node}
    weights = WeightFile()
    ours = session(build(graph, "gpu", Recipe({}, half_storage=False), weights), weights.to_bytes())
    feeds = {"expanded": np.random.default_rng(0).standard_normal((1, 9, TINY.text_dim + 2)).astype(np.float32)}
    np.testing.assert_allclose(ours.run(None, feeds)[0], session(raw, weights.to_bytes()).run(None, feeds)[0], atol=1e-6)
