"""Many graphs, one file of weights, on disk or in memory."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from quantize.reading import session
from quantize.weights import ALIGNMENT, FILE, INLINE_BYTES, WeightFile


@pytest.fixture
def big() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((40, 30)).astype(np.float32)


def product(tensor: TensorProto):
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", tensor.name], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 40])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 30])],
        [tensor],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def place(tensor: TensorProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in tensor.external_data}


def test_equal_tensors_are_stored_once(big):
    weights = WeightFile()
    first, second = weights.tensor("a", big), weights.tensor("b", big.copy())
    assert place(first) == place(second)
    assert len(weights.to_bytes()) == big.nbytes


def test_tensors_are_aligned_and_whole(big):
    weights = WeightFile()
    weights.tensor("a", big[:, :29].astype(np.float16).copy())
    where = place(weights.tensor("b", big))
    offset, length = int(where["offset"]), int(where["length"])
    assert offset % ALIGNMENT == 0
    np.testing.assert_array_equal(np.frombuffer(weights.to_bytes()[offset : offset + length], "<f4").reshape(40, 30), big)


def test_small_tensors_stay_in_the_graph(big):
    weights = WeightFile()
    small = np.arange(INLINE_BYTES // 8 - 1)
    assert weights.tensor("small", small).raw_data == small.tobytes()
    assert weights.to_bytes() == b""


def test_read_from_disk_and_from_memory(big, tmp_path):
    weights = WeightFile()
    model = product(weights.tensor("w", big))
    x = np.ones((1, 40), np.float32)
    (tmp_path / FILE).write_bytes(weights.to_bytes())
    (tmp_path / "graph.onnx").write_bytes(model.SerializeToString())
    on_disk = onnxruntime.InferenceSession(str(tmp_path / "graph.onnx"), providers=["CPUExecutionProvider"])
    for each in (on_disk, session(model, weights.to_bytes())):
        np.testing.assert_allclose(each.run(None, {"x": x})[0], x @ big, rtol=1e-5)
