"""The cache, which is as long as the longest sentence that there could be."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.synthesis.gptsovits.sessions import cpu_session
from edge_agent.synthesis.gptsovits.transformer import Transformer
from quantize.gptsovits.resident import resident_bytes

WIDTH = 32
REFERENCE, PHONES = np.zeros((0, WIDTH), np.float32), np.arange(9)
FEATURES, PROMPT = np.zeros((9, 1024), np.float32), np.arange(12)


@pytest.fixture
def sessions(made_voice):
    return tuple(cpu_session(made_voice / f"{name}.onnx", 1) for name in ("prefill", "step"))


def said(transformer: Transformer) -> np.ndarray:
    rows = [transformer.start(REFERENCE, PHONES, FEATURES, PROMPT).copy()]
    return np.stack(rows + [transformer.step(token).copy() for token in range(8)])


def test_what_no_sentence_reached_takes_no_memory(sessions):
    said(Transformer(*sessions, 64))
    before = resident_bytes("VmRSS")
    long = Transformer(*sessions, 60_000)
    said(long)
    reserved = 4 * 2 * 2 * long.capacity * WIDTH
    assert resident_bytes("VmRSS") - before < reserved / 2  # with huge pages it would be all of it: a head has 1.9 MB


def test_capacity_changes_nothing_that_is_said(sessions):
    np.testing.assert_array_equal(said(Transformer(*sessions, 64)), said(Transformer(*sessions, 5000)))
