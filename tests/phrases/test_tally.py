from __future__ import annotations

from edge_agent.phrases.tally import Tally


def test_what_is_taken_is_gone() -> None:
    tally = Tally()
    tally.add(misses=1)
    tally.hit("a", 5.0, audio_s_served=1.5)
    counts = tally.take()
    assert counts.amounts == {"misses": 1, "hits": 1, "audio_s_served": 1.5}
    assert counts.uses == {"a": (1, 5.0)}
    assert not tally.take()
    assert tally.peek() == {}


def test_uses_are_kept_in_the_order_of_the_last() -> None:
    tally = Tally()
    for at, key in enumerate("abca"):
        tally.hit(key, float(at))
    assert list(tally.take().uses.items()) == [("b", (1, 1.0)), ("c", (1, 2.0)), ("a", (2, 3.0))]


def test_what_is_given_back_counts_again_before_what_came_since() -> None:
    tally = Tally()
    for at, key in enumerate("ab"):
        tally.hit(key, float(at))
    taken = tally.take()
    tally.hit("a", 7.0)
    tally.add(misses=2)
    tally.give_back(taken)
    assert tally.peek() == {"hits": 3, "misses": 2}
    assert list(tally.take().uses.items()) == [("b", (1, 1.0)), ("a", (2, 7.0))]
