"""Four sets of graphs around one file, each as near to float32 as its arithmetic allows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from quantize.calibrate import calibrate
from quantize.loss import measure
from quantize.reading import Voice, session
from quantize.variants import VARIANTS, Recipe, build, quantized
from quantize.weights import FILE, WeightFile
from tests.rigs.student import PHONEMES, float_graphs


@pytest.fixture(scope="module")
def recipes(student, graphs) -> dict[str, Recipe]:
    ranges = calibrate(student.model.config, graphs, [PHONEMES])
    return {graph.name: Recipe(quantized(graph), ranges[graph.name]) for graph in graphs}


@pytest.fixture(scope="module")
def built(graphs, recipes):
    weights = WeightFile()
    models = {variant: {graph.name: build(graph, variant, recipes[graph.name], weights) for graph in graphs} for variant in VARIANTS}
    return models, weights.to_bytes()


def operators(model: onnx.ModelProto) -> Counter:
    return Counter(node.op_type for node in model.graph.node)


@pytest.mark.parametrize("variant", VARIANTS)
def test_near_float32(built, student, references, variant):
    models, weights = built
    loss = measure(Voice.of(student.model.config, models[variant], weights), references, student.model.config.sample_rate)
    assert 0 < loss.spectral_db < 0.3
    assert loss.durations < 0.1
    assert loss.f0_cents < 30


def test_weight_only_is_exactly_the_restored_weights(graphs, recipes, built):
    models, weights = built
    prosody = next(graph for graph in graphs if graph.name == "prosody")
    restored = {**prosody.tensors, **{prosody.layers[layer]: weight.restored() for layer, weight in recipes["prosody"].weights.items()}}
    plain = WeightFile()
    float_model = build(type(prosody)(prosody.name, prosody.model, restored, prosody.layers), "gpu", Recipe({}, half_storage=False), plain)
    feeds = {"expanded": np.random.default_rng(0).standard_normal((1, 40, 50)).astype(np.float32)}
    expected = session(float_model, plain.to_bytes()).run(None, feeds)[0]
    np.testing.assert_allclose(session(models["gpu"]["prosody"], weights).run(None, feeds)[0], expected, atol=1e-3)


def test_one_file_serves_all(built, graphs):
    models, weights = built
    integers = sum(weight.values.nbytes for graph in graphs for weight in quantized(graph).values())
    floats = sum(array.nbytes for graph in graphs for array in graph.tensors.values())
    bases = sum(graph.tensors[name].nbytes for graph in graphs for name in graph.tensors if name.endswith("_basis") or name == "bands")
    assert integers < len(weights) - bases < (floats - bases) / 2
    for variant in models.values():
        for model in variant.values():
            assert {entry.value for each in model.graph.initializer for entry in each.external_data if entry.key == "location"} == {FILE}
            assert len(model.SerializeToString()) < 60_000


def test_the_same_student_gives_the_same_bytes(built, student, recipes, tmp_path):
    models, weights = built
    again = WeightFile()
    graphs = float_graphs(student, tmp_path)
    rebuilt = {variant: {graph.name: build(graph, variant, recipes[graph.name], again) for graph in graphs} for variant in VARIANTS}
    assert again.to_bytes() == weights
    assert rebuilt == models


def test_only_matmuls_of_blocks_are_integers(built, graphs):
    models, _ = built
    for graph in graphs:
        for variant in VARIANTS:
            integers = [each for each in models[variant][graph.name].graph.initializer if each.data_type == TensorProto.INT8 and each.dims]
            assert len(integers) == len(graph.layers)
            assert all("blocks." in each.name for each in integers)


def test_operators_of_each_variant(built, graphs):
    models, _ = built
    decoder = next(graph for graph in graphs if graph.name == "decoder")
    count = len(decoder.layers)
    found = {variant: operators(models[variant]["decoder"]) for variant in VARIANTS}
    assert found["cpu"]["MatMulInteger"] == found["cpu"]["DynamicQuantizeLinear"] == count
    assert found["gpu"]["DequantizeLinear"] == found["fp16"]["DequantizeLinear"] == count
    assert found["gpu"]["MatMulInteger"] == found["gpu"]["QuantizeLinear"] == 0
    assert (found["trt"]["QuantizeLinear"], found["trt"]["DequantizeLinear"]) == (count, 2 * count)


def test_the_processor_runs_one_kernel_a_layer(built, graphs, tmp_path):
    models, weights = built
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.add_external_initializers_from_files_in_memory([FILE], [weights], [len(weights)])
    onnxruntime.InferenceSession(models["cpu"]["decoder"].SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = operators(onnx.load(tmp_path / "optimized.onnx"))
    layers = next(len(graph.layers) for graph in graphs if graph.name == "decoder")
    assert found["DynamicQuantizeMatMul"] == layers
    assert found["Gelu"] + found["FastGelu"] + found["BiasGelu"] == layers // 2
    assert found["MatMulInteger"] == found["DynamicQuantizeLinear"] == found["Tanh"] == 0


def test_half_precision_ends_with_the_blocks(built):
    models, _ = built
    graph = models["fp16"]["decoder"].graph
    inferred = onnx.shape_inference.infer_shapes(models["fp16"]["decoder"]).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in inferred.value_info}
    assert kinds["/blocks.3/Add_output_0"] == TensorProto.FLOAT16
    assert kinds["/out/MatMul_output_0"] == TensorProto.FLOAT
    assert graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT


def test_matrices_that_stay_float_are_stored_in_half_but_fourier_bases(built, graphs):
    models, _ = built
    decoder = next(graph for graph in graphs if graph.name == "decoder")
    projection = next(node.input[1] for node in decoder.model.graph.node if node.name == "/out/MatMul")
    kinds = {each.name: each.data_type for each in models["cpu"]["decoder"].graph.initializer}
    assert kinds["forward_basis"] == kinds["inverse_basis"] == kinds["bands"] == TensorProto.FLOAT
    assert kinds[projection] == TensorProto.FLOAT16


def test_nothing_of_the_maker_stays_in_the_graphs(built):
    models, _ = built
    for variant in models.values():
        for model in variant.values():
            assert not model.doc_string
            assert not model.producer_name
            assert not any(node.doc_string for node in model.graph.node)
