"""The golden phrase tells a processor that computes rightly from one that does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_agent.synthesis.golden import BANDS, PARTS, TOLERANCE_DB, Golden

RATE = 24_000


@pytest.fixture
def pcm() -> np.ndarray:
    """Two seconds of a rising tone that breathes, and of hiss between breaths."""
    random = np.random.default_rng(0)
    t = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * (150 * t + 200 * t**3)) * np.sin(4 * t) ** 2
    return (0.5 * tone + 0.1 * random.standard_normal(len(t)) * np.cos(4 * t) ** 4).astype(np.float32)


@pytest.fixture
def golden(pcm) -> Golden:
    return Golden.of("a", pcm, RATE)


def test_itself(golden, pcm):
    assert golden.difference_db(pcm, RATE) == 0
    assert golden.matches(pcm, RATE)


def test_survives_json(golden, pcm):
    again = Golden.from_json(json.loads(json.dumps(golden.to_json())))
    assert again.phonemes == "a"
    assert again.difference_db(pcm, RATE) < 0.5


def test_rounding_of_another_processor_does_not_count(golden, pcm):
    noisy = pcm + 1e-3 * np.random.default_rng(1).standard_normal(len(pcm)).astype(np.float32)
    assert golden.matches(noisy, RATE)


def test_a_duration_rounded_the_other_way_does_not_count(golden, pcm):
    assert golden.matches(np.insert(pcm, RATE, pcm[RATE : RATE + 600]), RATE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pcm: pcm[::-1],
        lambda pcm: np.roll(pcm, len(pcm) // 3),
        np.zeros_like,
        lambda pcm: 0.3 * np.random.default_rng(2).standard_normal(len(pcm)).astype(np.float32),
        lambda pcm: np.cumsum(pcm) / 50,
        lambda pcm: pcm[: len(pcm) // 2],
        lambda pcm: np.where(np.arange(len(pcm)) == 9, np.nan, pcm),
        lambda pcm: pcm[:0],
    ],
)
def test_wrong_audio_is_noticed(golden, pcm, spoil):
    assert golden.difference_db(spoil(pcm), RATE) > TOLERANCE_DB
    assert not golden.matches(spoil(pcm), RATE)


@pytest.mark.parametrize(
    "change",
    [
        {"levels_db": [[0.0] * BANDS] * (PARTS - 1)},
        {"levels_db": "loud"},
        {"levels_db": [[float("nan")] * BANDS] * PARTS},
        {"levels_db": [[1.0], [1.0, 2.0]]},
        {"n_samples": 0},
        {"n_samples": None},
    ],
)
def test_garbled(golden, change):
    with pytest.raises((TypeError, ValueError)):
        Golden.from_json({**golden.to_json(), **change})
