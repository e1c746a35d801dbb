from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate import bootstrap


def test_the_value_is_the_pooled_ratio():
    assert bootstrap.ratio([1, 0, 3], [10, 20, 30]).value == pytest.approx(4 / 60)


def test_the_interval_of_a_mean_is_the_one_of_the_normal_distribution():
    values = np.random.default_rng(3).normal(4.0, 0.2, 400)
    interval = bootstrap.ratio(values, np.ones(400))

    half = 1.96 * values.std() / 20
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_it_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    intervals = [bootstrap.ratio(rng.normal(1.0, 1.0, 48), np.ones(48), seed=i) for i in range(100)]
    covered = np.mean([interval.low <= 1.0 <= interval.high for interval in intervals])

    assert 0.88 <= covered <= 0.99


def test_the_same_seed_gives_the_same_interval():
    values, ones = np.random.default_rng(1).normal(size=48), np.ones(48)

    assert bootstrap.ratio(values, ones, seed=1) == bootstrap.ratio(values, ones, seed=1)
    assert bootstrap.ratio(values, ones, seed=1) != bootstrap.ratio(values, ones, seed=2)


def test_what_is_hard_for_both_cancels_out():
    rng = np.random.default_rng(5)
    hard = rng.normal(0, 1, 48)
    ours, theirs, ones = hard + rng.normal(0.5, 0.1, 48), hard, np.ones(48)
    paired = bootstrap.difference(ours, ones, theirs, ones)
    apart = bootstrap.ratio(ours, ones)

    assert paired.value == pytest.approx(np.mean(ours - theirs))
    assert paired.low > 0.4
    assert paired.high - paired.low < 0.3 * (apart.high - apart.low)


@pytest.mark.parametrize(("amounts", "totals"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [1.0, -1.0])])
def test_nothing_to_pool_is_an_error(amounts, totals):
    with pytest.raises(ValueError):
        bootstrap.ratio(amounts, totals)
