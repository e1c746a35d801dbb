"""The byte budget and the order of eviction, against a model a reader can check."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.phrases import PhraseCache, PinnedOverBudget
from edge_agent.phrases.codec import encode

N_PHRASES = 8
BUDGET_BYTES = 12_000


def audio_s(number: int) -> float:
    return 0.02 * (1 + number % 4)


class Model:
    """Sizes by phrase number, the least recently used first."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.sizes = sizes
        self.order: list[int] = []
        self.pinned: set[int] = set()

    def total(self, numbers) -> int:
        return sum(self.sizes[number] for number in numbers)

    def put(self, number: int, pinned: bool) -> bool | None:
        """Whether it is kept; None when pinned phrases would exceed the budget."""
        others = [other for other in self.order if other != number]
        pinned = pinned or number in self.pinned
        pinned_others = [other for other in others if other in self.pinned]
        fits = self.total(pinned_others) + self.sizes[number] <= BUDGET_BYTES
        if not fits:
            return None if pinned else False
        while self.total(others) + self.sizes[number] > BUDGET_BYTES:
            others.remove(next(other for other in others if other not in self.pinned))
        self.order = [*others, number]
        self.pinned = {other for other in self.pinned if other in others} | ({number} if pinned else set())
        return True

    def get(self, number: int) -> bool:
        if number not in self.order:
            return False
        self.order = [other for other in self.order if other != number] + [number]
        return True

    def pin(self, number: int, pinned: bool) -> bool:
        if pinned and self.total(self.pinned | {number}) > BUDGET_BYTES:
            return False
        self.pinned = self.pinned | {number} if pinned else self.pinned - {number}
        return True


numbers = st.integers(0, N_PHRASES - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), numbers, st.booleans()),
        st.tuples(st.just("get"), numbers, st.just(False)),
        st.tuples(st.just("pin"), numbers, st.booleans()),
        st.tuples(st.just("reopen"), st.just(0), st.just(False)),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_the_cache_holds_what_the_model_holds(phrases, steps: list) -> None:
    sizes = {n: len(encode(phrases.pcm(n, audio_s(n)), phrases.sample_rate)) for n in range(N_PHRASES)}
    model = Model(sizes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = PhraseCache(folder, budget_bytes=BUDGET_BYTES, floor_bytes=0)
        for step, number, flag in steps:
            if step == "put":
                assert put(phrases, cache, number, flag) == model.put(number, flag)
            elif step == "get":
                assert phrases.plays(cache, number, audio_s(number)) == model.get(number)
            elif step == "pin" and number in model.order:
                assert pin(phrases, cache, number, flag) == model.pin(number, flag)
            elif step == "reopen":
                cache.close()
                cache = PhraseCache(folder, budget_bytes=BUDGET_BYTES, floor_bytes=0)
            held = {entry.key: entry.pinned for entry in cache.entries(order="oldest")}
            assert list(held) == [phrases.key(n) for n in model.order]
            assert {key for key, pinned in held.items() if pinned} == {phrases.key(n) for n in model.pinned}
            assert cache.stats().n_bytes == model.total(model.order) <= BUDGET_BYTES
        assert len(list((folder / "audio").iterdir())) == len(model.order)
        assert cache.stats().healed == 0
        cache.close()


def put(phrases, cache: PhraseCache, number: int, pinned: bool) -> bool | None:
    try:
        return phrases.put(cache, number, audio_s=audio_s(number), pinned=pinned)
    except PinnedOverBudget:
        return None


def pin(phrases, cache: PhraseCache, number: int, pinned: bool) -> bool:
    try:
        cache.pin(phrases.key(number), pinned)
    except PinnedOverBudget:
        return False
    return True


def open_with_room_for(open_cache, phrases, n_phrases: float) -> PhraseCache:
    size = len(encode(phrases.pcm(1), phrases.sample_rate))
    return open_cache(budget_bytes=int(size * n_phrases))


def test_the_least_recently_played_goes_first(open_cache, phrases, audio_files) -> None:
    cache = open_with_room_for(open_cache, phrases, 3.5)
    for number in (1, 2, 3):
        phrases.put(cache, number)
    phrases.plays(cache, 1)
    phrases.put(cache, 4)
    assert [phrases.plays(cache, number) for number in (1, 2, 3, 4)] == [True, False, True, True]
    assert len(audio_files()) == 3
    assert cache.stats().evicted == 1


def test_a_clock_that_jumps_back_does_not_upset_the_order(open_cache, phrases, clock) -> None:
    cache = open_with_room_for(open_cache, phrases, 2.5)
    phrases.put(cache, 1)
    clock.wall = 0.0
    phrases.put(cache, 2)
    phrases.put(cache, 3)
    assert [phrases.plays(cache, number) for number in (1, 2, 3)] == [False, True, True]


def test_pinned_phrases_are_never_evicted(open_cache, phrases) -> None:
    cache = open_with_room_for(open_cache, phrases, 3.5)
    phrases.put(cache, 1, pinned=True)
    phrases.put(cache, 2)
    cache.pin(phrases.key(2))
    for number in range(3, 10):
        phrases.put(cache, number)
    assert [phrases.plays(cache, number) for number in (1, 2, 8, 9)] == [True, True, False, True]


def test_a_lowered_budget_is_obeyed_at_the_next_start(open_cache, phrases, audio_files) -> None:
    cache = open_cache()
    for number in range(5):
        phrases.put(cache, number, pinned=number == 0)
    cache = open_with_room_for(open_cache, phrases, 2.5)
    assert [entry.text for entry in cache.entries()] == ["第4句", "第0句"]
    assert len(audio_files()) == 2


def test_pinned_phrases_over_a_lowered_budget_stay_but_none_is_added(open_cache, phrases) -> None:
    cache = open_cache()
    for number in (1, 2):
        phrases.put(cache, number, pinned=True)
    cache = open_with_room_for(open_cache, phrases, 1.5)
    assert cache.stats().pinned == 2
    assert not phrases.put(cache, 3)
    cache.pin(phrases.key(1), False)
    with pytest.raises(PinnedOverBudget):
        cache.pin(phrases.key(1))
    assert phrases.plays(cache, 1)


def test_one_phrase_larger_than_the_budget_evicts_nobody(open_cache, phrases) -> None:
    cache = open_with_room_for(open_cache, phrases, 1.5)
    assert phrases.put(cache, 1)
    assert not phrases.put(cache, 2, audio_s=1.0)
    stats = cache.stats()
    assert (stats.refused, stats.evicted, stats.entries) == (1, 0, 1)
    assert f"budget of {stats.budget_bytes}" in stats.degraded
    assert phrases.put(cache, 3)
    assert cache.stats().degraded is None


def test_pinning_over_the_budget_says_how_much_is_pinned(open_cache, phrases) -> None:
    cache = open_with_room_for(open_cache, phrases, 2.5)
    for number in (1, 2):
        phrases.put(cache, number, pinned=True)
    before = cache.stats()
    with pytest.raises(PinnedOverBudget, match="raise the cache budget or unpin") as caught:
        phrases.put(cache, 3, pinned=True)
    assert (caught.value.pinned_bytes, caught.value.budget_bytes) == (before.pinned_bytes, before.budget_bytes)
    assert [phrases.plays(cache, number) for number in (1, 2, 3)] == [True, True, False]
    cache.pin(phrases.key(1), False)
    assert phrases.put(cache, 3, pinned=True)
    assert [phrases.plays(cache, number) for number in (1, 2, 3)] == [False, True, True]
