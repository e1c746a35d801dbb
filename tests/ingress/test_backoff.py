from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ingress.backoff import Backoff


class Highest(random.Random):
    def uniform(self, a, b):
        return b


def test_ceiling_doubles_up_to_the_cap_and_starts_again():
    backoff = Backoff(30, first_s=0.5, rng=Highest())
    assert [backoff.next_s() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.next_s() == 0.5


@given(st.integers(0, 5000), st.integers())
def test_is_spread_over_the_whole_range_and_never_beyond(n_failures, seed):
    backoff = Backoff(30, rng=random.Random(seed))
    for _ in range(n_failures % 50):
        backoff.next_s()
    assert 0 <= backoff.next_s() <= 30


@given(st.integers())
def test_a_refusal_waits_long_at_once(seed):
    assert 15 <= Backoff(30, rng=random.Random(seed)).next_s(refused=True) <= 30


def test_a_year_of_failures_does_not_overflow():
    backoff = Backoff(30, rng=Highest())
    for _ in range(100_000):
        delay_s = backoff.next_s()
    assert delay_s == 30
