"""The thread around the deck; timing is the deck's matter and is tested there, without a thread."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from edge_agent.playback import (
    Cut,
    DeviceLost,
    Drained,
    Failed,
    NearEnd,
    Player,
    PlayerEvent,
    SinkLost,
    Started,
    Underrun,
    Utterance,
)
from tests.doubles.fake_sink import FakeCard, ScriptedClock


class Beats:
    def __init__(self) -> None:
        self.count = 0
        self.thread: str | None = None

    def beat(self) -> None:
        self.count += 1
        self.thread = threading.current_thread().name


class Listener:
    def __init__(self) -> None:
        self._events: queue.Queue[PlayerEvent] = queue.Queue()

    def __call__(self, event: PlayerEvent) -> None:
        if isinstance(event, NearEnd):
            event.acknowledge()
        self._events.put(event)

    def until(self, kind: type) -> list[PlayerEvent]:
        events = []
        while not (events and isinstance(events[-1], kind)):
            events.append(self._events.get(timeout=60))
        return events


@pytest.fixture
def card() -> FakeCard:
    return FakeCard(ScriptedClock(), paced=False)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def speech(seconds: float) -> np.ndarray:
    return np.full(round(24000 * seconds), 0.25, dtype=np.float32)


def play(player: Player, id: str, seconds: float = 0.5) -> None:
    utterance = Utterance(id, 24000)
    player.play(utterance)
    utterance.put(speech(seconds), segment=0)
    utterance.finish()


def test_plays_what_another_thread_makes(card: FakeCard, listener: Listener) -> None:
    beats = Beats()
    player = Player(card.sink, on_event=listener, heartbeat=beats, lead_in_s=0.0)
    player.start()
    try:
        for number in range(3):
            utterance = Utterance(str(number), 24000, max_buffered_s=0.5)
            player.play(utterance)
            for _ in range(50):
                assert utterance.put(speech(0.05), segment=0)
            utterance.finish()
            kinds = [type(event) for event in listener.until(Drained) if not isinstance(event, Underrun)]
            assert kinds == [Started, NearEnd, Drained]
    finally:
        player.stop()
    assert beats.count > 3 and beats.thread == "audio"
    assert np.sum(np.abs(card.heard()) > 1e-6) == pytest.approx(3 * 2.5 * 48000, rel=0.01), "nothing is lost, however often it is late"


def test_preempt_and_stop_cut(listener: Listener, card: FakeCard) -> None:
    player = Player(card.sink, on_event=listener, heartbeat=Beats())
    player.start()
    endless = Utterance("a", 24000)
    endless.put(speech(1.0), segment=0)
    player.play(endless)
    listener.until(Started)
    player.preempt("a")
    listener.until(Cut)
    assert endless.put(speech(1.0), segment=0) is False
    also_endless = Utterance("b", 24000)
    also_endless.put(speech(1.0), segment=0)
    player.play(also_endless)
    listener.until(Started)
    player.stop()
    assert listener.until(Cut)[-1].id == "b"  # type: ignore[union-attr]
    assert not card.open_now
    assert "audio" not in [thread.name for thread in threading.enumerate()]


def test_missing_device_is_reported_at_start(listener: Listener, card: FakeCard) -> None:
    card.unplug()
    player = Player(card.sink, on_event=listener, heartbeat=Beats())
    player.start()
    try:
        assert "not there" in listener.until(DeviceLost)[-1].reason  # type: ignore[union-attr]
    finally:
        player.stop()


def test_a_defect_ends_one_announcement_only(listener: Listener, card: FakeCard) -> None:
    class Brittle:
        """Fails in a way that no sink should."""

        def __init__(self) -> None:
            self.broken = False

        def __call__(self) -> object:
            sink = card.sink()
            write = sink.write

            def brittle_write(pcm: np.ndarray) -> None:
                if self.broken:
                    self.broken = False
                    raise ZeroDivisionError("a defect")
                write(pcm)

            sink.write = brittle_write  # type: ignore[method-assign]
            return sink

    factory = Brittle()
    player = Player(factory, on_event=listener, heartbeat=Beats())  # type: ignore[arg-type]
    player.start()
    try:
        endless = Utterance("a", 24000)
        endless.put(speech(1.0), segment=0)
        player.play(endless)
        listener.until(Started)
        factory.broken = True
        endless.put(speech(1.0), segment=0)
        failed = listener.until(Failed)[-1]
        assert isinstance(failed, Failed) and isinstance(failed.error, ZeroDivisionError)
        play(player, "b")
        assert [type(event) for event in listener.until(Drained)] == [Started, NearEnd, Drained]
    finally:
        player.stop()


def test_a_defect_in_opening_the_device_fails_what_waits_and_does_not_spin(listener: Listener, card: FakeCard) -> None:
    n_opened = 0

    def factory() -> object:
        nonlocal n_opened
        n_opened += 1
        if n_opened <= 3:
            raise ZeroDivisionError("a defect")
        return card.sink()

    player = Player(factory, on_event=listener, heartbeat=Beats())  # type: ignore[arg-type]
    player.start()
    try:
        for id in ("a", "b"):
            play(player, id)
            failed = listener.until(Failed)[-1]
            assert isinstance(failed, Failed) and failed.id == id
        play(player, "c")
        assert [type(event) for event in listener.until(Drained)] == [Started, NearEnd, Drained]
        assert n_opened == 4
    finally:
        player.stop()


def test_a_listener_that_fails_does_not_stop_the_sound(card: FakeCard) -> None:
    drained = threading.Event()

    def on_event(event: PlayerEvent) -> None:
        if isinstance(event, NearEnd):
            event.acknowledge()
        if isinstance(event, Drained):
            drained.set()
        raise RuntimeError("nobody is listening")

    player = Player(card.sink, on_event=on_event, heartbeat=Beats())
    player.start()
    try:
        play(player, "a")
        assert drained.wait(60)
    finally:
        player.stop()


def test_stop_without_start() -> None:
    Player(lambda: None, on_event=print, heartbeat=Beats()).stop()  # type: ignore[arg-type,return-value]


def test_an_idle_player_rests(listener: Listener) -> None:
    class Away:
        def open(self) -> None:
            raise SinkLost("away")

        def close(self) -> None:
            pass

    beats = Beats()
    player = Player(Away, on_event=listener, heartbeat=beats)  # type: ignore[arg-type]
    player.start()
    listener.until(DeviceLost)
    player.stop()
    assert beats.count < 20
