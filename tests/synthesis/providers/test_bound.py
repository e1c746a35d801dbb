"""Bound buffers give what a plain run gives. On the processor here; a GPU differs by where the buffers lie."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from edge_agent.service.doctor.inference import product_model
from edge_agent.synthesis.providers.bound import BoundSession

SHAPES = {"x": (8, 8)}, {"y": (8, 8)}


@pytest.fixture
def bound() -> BoundSession:
    return BoundSession(onnxruntime.InferenceSession(product_model(8), providers=["CPUExecutionProvider"]), *SHAPES, "cpu")


def test_run_after_run(bound) -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = rng.standard_normal((8, 8)).astype(np.float32)
        np.testing.assert_allclose(bound.run({"x": x})[0], x @ x, rtol=1e-5)


def test_a_result_is_not_changed_by_the_next_run(bound) -> None:
    eye = np.eye(8, dtype=np.float32)
    first = bound.run({"x": eye})[0]
    bound.run({"x": 2 * eye})
    np.testing.assert_array_equal(first, eye)


def test_addresses_stay(bound) -> None:
    x = np.ones((8, 8), np.float32)
    one, two = (bound.run_on_device({"x": x})[0] for _ in range(2))
    assert one == two
    assert one.pointer
    assert one.shape == (8, 8)


def test_inputs_of_any_layout(bound) -> None:
    x = np.arange(64, dtype=np.float64).reshape(8, 8).T
    np.testing.assert_allclose(bound.run({"x": x})[0], x @ x, rtol=1e-5)


def test_another_shape_is_refused(bound) -> None:
    with pytest.raises(Exception, match=r"."):
        bound.run({"x": np.ones((9, 9), np.float32)})
