"""Tokens one at a time, on a cache that grows with the sentence."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.synthesis import SynthesisError
from edge_agent.synthesis.gptsovits.cache import ROOM
from edge_agent.synthesis.gptsovits.sessions import cpu_session
from edge_agent.synthesis.gptsovits.transformer import Transformer

WIDTH = 32
REFERENCE, PHONES = np.zeros((0, WIDTH), np.float32), np.arange(9)
FEATURES, PROMPT = np.zeros((9, 1024), np.float32), np.arange(12)
N_KNOWN = len(PHONES) + len(PROMPT)


@pytest.fixture
def sessions(made_voice):
    return tuple(cpu_session(made_voice / f"{name}.onnx", 1) for name in ("prefill", "step"))


def said(transformer: Transformer, n_tokens: int) -> np.ndarray:
    rows = [transformer.start(REFERENCE, PHONES, FEATURES, PROMPT).copy()]
    return np.stack(rows + [transformer.step(token % 64).copy() for token in range(n_tokens)])


def test_growing_changes_nothing_that_is_said(sessions, monkeypatch):
    n_tokens = 3 * ROOM
    grown = said(Transformer(*sessions, 5000), n_tokens)
    monkeypatch.setattr("edge_agent.synthesis.gptsovits.cache.ROOM", 1000)
    np.testing.assert_allclose(grown, said(Transformer(*sessions, 5000), n_tokens), rtol=1e-5, atol=1e-5)


def test_a_sentence_says_the_same_after_a_longer_one(sessions):
    transformer = Transformer(*sessions, 5000)
    first = said(transformer, 8)
    said(transformer, 2 * ROOM)
    np.testing.assert_array_equal(first, said(transformer, 8))


def test_a_full_cache_is_told(sessions):
    transformer = Transformer(*sessions, N_KNOWN + 5)
    said(transformer, 5)
    with pytest.raises(SynthesisError, match=f"more than {N_KNOWN + 5} positions"):
        transformer.step(0)


def test_a_sentence_that_fills_the_cache_by_itself_is_told(sessions):
    with pytest.raises(SynthesisError, match="9 phonemes are too many at once: 21 of 21 positions"):
        said(Transformer(*sessions, N_KNOWN), 0)
