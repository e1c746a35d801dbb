from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.playback import BadAudio, Utterance


def pcm(n: int, value: float = 0.1) -> np.ndarray:
    return np.full(n, value, dtype=np.float32)


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        (np.zeros(4), r"float64 \[4\]"),
        (np.zeros((4, 2), dtype=np.float32), r"float32 \[4, 2\]"),
        ([0.0, 1.0], "list"),
        (np.array([0.0, np.nan], dtype=np.float32), "NaN"),
        (np.array([0.0, np.inf], dtype=np.float32), "NaN or infinity"),
    ],
)
def test_bad_audio_is_refused_and_nothing_is_lost(chunk: np.ndarray, reason: str) -> None:
    utterance = Utterance("u", 24000)
    utterance.put(pcm(10), segment=0)
    with pytest.raises(BadAudio, match=reason):
        utterance.put(chunk, segment=0)
    assert utterance.state().n_buffered == 10


def test_misuse_is_an_error() -> None:
    utterance = Utterance("u", 24000)
    utterance.put(pcm(10), segment=2)
    with pytest.raises(ValueError, match="segment 1 after 2"):
        utterance.put(pcm(10), segment=1)
    utterance.finish()
    with pytest.raises(ValueError, match="after finish"):
        utterance.put(pcm(10), segment=3)


def test_take_splits_and_joins_chunks_and_keeps_their_gain() -> None:
    utterance = Utterance("u", 24000)
    utterance.put(pcm(10, 0.1), segment=0, gain=2.0)
    utterance.put(pcm(10, 0.2), segment=1, gain=0.5)
    assert [(len(chunk), gain) for chunk, gain in utterance.take(4)] == [(4, 2.0)]
    assert [(len(chunk), gain) for chunk, gain in utterance.take(10)] == [(6, 2.0), (4, 0.5)]
    assert [(len(chunk), gain) for chunk, gain in utterance.take(100)] == [(6, 0.5)]
    assert utterance.take(1) == []


def test_segment_after() -> None:
    utterance = Utterance("u", 1000, first_segment=4)
    assert utterance.segment_after(0) == 4
    for segment in (4, 5, 7):
        utterance.put(pcm(1000), segment=segment)
    assert utterance.segment_after(0) == 4
    assert utterance.segment_after(899) == 4
    assert utterance.segment_after(900) == 5, "a tenth of a second is the pause at the segment's end"
    assert utterance.segment_after(1500) == 5
    assert utterance.segment_after(2500) == 7
    assert utterance.segment_after(3000) == 7, "more of it may come"
    utterance.finish()
    assert utterance.segment_after(3000) == 8


def test_put_waits_for_room_and_cancel_releases_it() -> None:
    utterance = Utterance("u", 1000, max_buffered_s=1.0)
    assert utterance.put(pcm(1000), segment=0)
    answers: list[bool] = []
    results = threading.Semaphore(0)

    def produce() -> None:
        for _ in range(2):
            answers.append(utterance.put(pcm(1000), segment=0))
            results.release()

    producer = threading.Thread(target=produce)
    producer.start()
    utterance.take(1)
    assert results.acquire(timeout=60)
    assert answers == [True]
    utterance.cancel()
    assert results.acquire(timeout=60)
    producer.join(60)
    assert answers == [True, False]
    assert utterance.take(10) == []


def test_every_change_is_told() -> None:
    utterance = Utterance("u", 1000)
    told: list[None] = []
    utterance.listen(lambda: told.append(None))
    utterance.put(pcm(1), segment=0)
    utterance.finish()
    utterance.fail(RuntimeError())
    utterance.cancel()
    assert len(told) == 4


class Leaving(Utterance):
    """One whose audio thread stops to listen between any two looks at who does."""

    @property
    def _on_change(self) -> Callable[[], None] | None:
        listener, self._listener = self._listener, None
        return listener

    @_on_change.setter
    def _on_change(self, listener: Callable[[], None] | None) -> None:
        self._listener = listener


def test_an_end_amid_a_change_breaks_nothing() -> None:
    utterance = Leaving("u", 1000)
    told: list[None] = []
    utterance.listen(lambda: told.append(None))
    assert utterance.put(pcm(1), segment=0)
    utterance.finish()
    assert len(told) == 1


def test_a_buffer_must_be_larger_than_what_the_player_holds_back() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.5"):
        Utterance("u", 24000, max_buffered_s=0.1)
