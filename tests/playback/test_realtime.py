"""The player on a real-time sink: what a listener hears when speech is cut and when the device goes away.

Times are taken from the recording: how much was heard after the request, not how long a call took.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import soxr

from edge_agent.playback import (
    Cut,
    DeviceBack,
    DeviceLost,
    Drained,
    NearEnd,
    Player,
    PlayerEvent,
    PortAudioSink,
    Started,
    Underrun,
    Utterance,
)
from tests.rigs.alsa import RATE, NullSink

SOURCE_RATE = 24000
HEARD = 1e-3
CLICK_FREE = 1.5 * 0.5 * 2 * np.pi * 300 / RATE
"""Half as much again as the largest step of the tone."""


class Heart:
    def beat(self) -> None:
        pass


class Listener:
    def __init__(self) -> None:
        self.events: list[PlayerEvent] = []
        self._queue: queue.Queue[PlayerEvent] = queue.Queue()

    def __call__(self, event: PlayerEvent) -> None:
        self.events.append(event)
        if isinstance(event, NearEnd):
            event.acknowledge()
        self._queue.put(event)

    def until(self, kind: type) -> PlayerEvent:
        while not isinstance(event := self._queue.get(timeout=60), kind):
            pass
        return event

    def forget(self) -> None:
        self.events.clear()
        self._queue = queue.Queue()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def player(null_sink: NullSink, listener: Listener) -> Iterator[Player]:
    player = Player(lambda: PortAudioSink(null_sink.device), on_event=listener, heartbeat=Heart())
    player.start()
    yield player
    player.stop()


def tone(seconds: float, sample_rate: int = SOURCE_RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * sample_rate)) / sample_rate)).astype(np.float32)


def utterance(id: str, pcm: np.ndarray) -> Utterance:
    made = Utterance(id, SOURCE_RATE)
    made.put(pcm, segment=0)
    made.finish()
    return made


def wait_for_sound(null_sink: NullSink, seconds: float) -> None:
    deadline = time.monotonic() + 60
    while np.sum(np.abs(null_sink.captured()) > HEARD) < seconds * RATE * 0.99:
        assert time.monotonic() < deadline, "nothing is heard"
        time.sleep(0.01)


def n_heard(null_sink: NullSink) -> int:
    """Frames from the beginning of the recording to the last audible one."""
    return int(np.flatnonzero(np.abs(null_sink.captured()) > HEARD)[-1]) + 1


@pytest.fixture
def undisturbed(null_sink: NullSink, player: Player, listener: Listener) -> Callable[[Callable[[], None]], None]:
    """See :meth:`NullSink.undisturbed`; each attempt begins in silence, with no events."""

    def run(attempt: Callable[[], None]) -> None:
        def afresh() -> None:
            listener.forget()
            try:
                attempt()
            except Exception:
                player.preempt()
                time.sleep(0.5)
                raise

        null_sink.undisturbed(afresh)

    return run


def test_speech_arrives_whole_and_is_reported_once_heard(null_sink: NullSink, player: Player, listener: Listener, undisturbed) -> None:
    rng = np.random.default_rng(11)
    speech = np.convolve(rng.uniform(-0.4, 0.4, 3 * SOURCE_RATE), np.ones(4) / 2, mode="same").astype(np.float32)
    expected = soxr.resample(speech, SOURCE_RATE, RATE)

    def attempt() -> None:
        player.play(utterance("a", speech))
        drained = listener.until(Drained)
        n_at_report = len(null_sink.captured())
        assert isinstance(drained, Drained)
        assert drained.audio_s == pytest.approx(3.0, abs=0.001)
        time.sleep(0.3)
        captured = null_sink.captured()
        middle = expected[RATE : RATE + 4800]
        start = int(np.argmax(np.correlate(captured, middle, mode="valid"))) - RATE
        assert np.abs(captured[start + 480 : start + len(expected)] - expected[480:]).max() < 0.02
        assert n_heard(null_sink) - start - len(expected) < 100
        assert n_heard(null_sink) - n_at_report < 0.02 * RATE, "reported before it was heard"

    undisturbed(attempt)


@pytest.mark.parametrize("played_s", [0.4, 0.731])
def test_cut_is_silent_within_120_ms_and_does_not_click(
    null_sink: NullSink, player: Player, listener: Listener, undisturbed, played_s: float
) -> None:
    def attempt() -> None:
        player.play(utterance("a", tone(5)))
        wait_for_sound(null_sink, played_s)
        n_before = len(null_sink.captured())
        player.preempt("a")
        listener.until(Cut)
        time.sleep(0.4)
        assert n_heard(null_sink) - n_before <= 0.12 * RATE
        captured = null_sink.captured()
        first = int(np.flatnonzero(np.abs(captured) > HEARD)[0])
        assert np.abs(np.diff(captured[first + 480 :])).max() < CLICK_FREE
        cut = listener.events[-1]
        assert isinstance(cut, Cut)
        assert cut.audio_s == pytest.approx((n_heard(null_sink) - first) / RATE, abs=0.02)

    undisturbed(attempt)


def test_emergency_follows_the_cut_without_a_pause(null_sink: NullSink, player: Player, listener: Listener, undisturbed) -> None:
    def attempt() -> None:
        player.play(utterance("a", tone(5)))
        wait_for_sound(null_sink, 0.3)
        n_before = len(null_sink.captured())
        player.preempt("a")
        player.play(utterance("b", tone(1.0) * np.float32(0.2)))
        listener.until(Drained)
        time.sleep(0.2)
        after = np.abs(null_sink.captured()[n_before:])
        loud = np.flatnonzero(after > 0.2)
        assert loud[-1] <= 0.12 * RATE
        assert np.flatnonzero(after[loud[-1] :] > 0.05)[0] <= 0.02 * RATE

    undisturbed(attempt)


@pytest.mark.parametrize("away_s", [0.0, 1.5])
def test_after_replugging_speech_is_heard_again_within_2_s(
    null_sink: NullSink, player: Player, listener: Listener, undisturbed, away_s: float
) -> None:
    def attempt() -> None:
        player.play(utterance("a", tone(5)))
        wait_for_sound(null_sink, 0.5)
        null_sink.unplug()
        lost = listener.until(DeviceLost)
        assert isinstance(lost, DeviceLost)
        assert null_sink.device in lost.reason
        time.sleep(away_s)
        cuts: list[PlayerEvent] = []

        def restart() -> None:
            cuts.append(listener.until(Cut))
            player.play(utterance("a", tone(1.0)))

        policy = threading.Thread(target=restart)
        policy.start()
        n_before = len(null_sink.captured())
        heard_s = np.sum(np.abs(null_sink.captured()) > HEARD) / RATE
        replugged_at = time.time()
        null_sink.replug()
        policy.join(60)
        started = listener.until(Started)
        listener.until(Drained)
        time.sleep(0.2)
        assert isinstance(started, Started)
        assert started.at + started.delay_s - replugged_at < 2.0
        assert np.sum(np.abs(null_sink.captured()[n_before:]) > HEARD) >= 0.97 * RATE, "all of it was heard"
        (cut,) = cuts
        assert isinstance(cut, Cut)
        assert cut.audio_s == pytest.approx(heard_s, abs=0.15)
        assert [type(event) for event in listener.events if isinstance(event, DeviceLost | DeviceBack)] == [DeviceLost, DeviceBack]

    undisturbed(attempt)


def test_late_synthesis_is_silence_not_a_click(null_sink: NullSink, player: Player, listener: Listener, undisturbed) -> None:
    speech = tone(1.5)

    def attempt() -> None:
        late = Utterance("a", SOURCE_RATE)
        late.put(speech[: SOURCE_RATE // 2], segment=0)
        player.play(late)
        wait_for_sound(null_sink, 0.39)
        time.sleep(0.5)
        late.put(speech[SOURCE_RATE // 2 :], segment=0)
        late.finish()
        listener.until(Drained)
        time.sleep(0.2)
        (underrun,) = [event for event in listener.events if isinstance(event, Underrun)]
        captured = null_sink.captured()
        audible = np.flatnonzero(np.abs(captured) > HEARD)
        assert underrun.cause == "synthesis"
        assert np.diff(audible).max() / RATE == pytest.approx(underrun.gap_s, abs=0.03)
        assert np.abs(np.diff(captured[audible[0] + 480 :])).max() < CLICK_FREE

    undisturbed(attempt)
