"""Tokens are chosen as the original chooses them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_agent.synthesis.gptsovits.sampling import Chooser, Sampling, draw, penalise, probabilities

VECTORS = Path(__file__).parents[2] / "data" / "gptsovits_vectors"


@pytest.mark.parametrize("file", sorted(VECTORS.glob("*/sampling_expected.npz")), ids=lambda path: path.parent.name)
def test_probabilities_are_the_original_ones(file):
    with np.load(file) as expected:
        assert len(expected["settings"]) == 5
        for index, (top_k, top_p, temperature, penalty) in enumerate(expected["settings"].tolist()):
            how = Sampling(int(top_k), top_p, temperature, penalty)
            found = probabilities(penalise(expected["logits"], expected["previous_tokens"], penalty), how)
            np.testing.assert_allclose(found, expected[f"probs_{index}"], atol=1e-5)


def test_draws_are_draws_from_the_probabilities():
    random, p = np.random.default_rng(0), np.array([0.6, 0.3, 0.1, 0.0], np.float32)
    drawn = np.bincount([draw(p, random) for _ in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(drawn, p, atol=0.03)
    assert drawn[3] == 0


def test_the_same_seed_gives_the_same_tokens():
    logits = np.random.default_rng(1).standard_normal((30, 1025)).astype(np.float32)
    said = [[Chooser(Sampling(), 1024, [], seed).choose(row) for row in logits] for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_the_end_cannot_come_early_and_is_taken_when_it_is_likeliest():
    logits = np.zeros(1025, np.float32)
    logits[1024], logits[:50] = 9.0, 8.0
    chooser = Chooser(Sampling(), 1024, [], 0)
    said = [chooser.choose(logits) for _ in range(12)]
    assert None not in said[:11]
    assert said[11] is None


def test_a_token_is_penalised_once_however_often_it_was_said():
    logits = np.array([2.0, -2.0, 1.0], np.float32)
    np.testing.assert_allclose(penalise(logits, np.array([0, 0, 1, 7]), 2.0), [1.0, -4.0, 1.0])
    np.testing.assert_array_equal(logits, [2.0, -2.0, 1.0])


@pytest.mark.parametrize(
    "values", [{"top_k": 0}, {"top_k": 1.5}, {"top_p": 0}, {"top_p": 1.1}, {"temperature": 0}, {"repetition_penalty": "1"}, {"top_k": True}]
)
def test_settings_out_of_range(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Sampling(**values)


def test_a_token_of_probability_0_never_wins_even_where_the_noise_is_0():
    class Silent:
        def standard_exponential(self, count, kind):
            return np.zeros(count, kind)

    assert draw(np.array([0, 0, 1, 0], np.float32), Silent()) == 2
