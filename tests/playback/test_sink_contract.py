"""What the player relies on, tested on the real sink in real time and on its double in simulated time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import pytest

from edge_agent.playback import PortAudioSink, Sink, SinkLost
from tests.doubles.fake_sink import FakeCard, ScriptedClock
from tests.rigs.alsa import NullSink


class Rig(Protocol):
    def sink(self) -> Sink: ...

    def captured(self) -> np.ndarray: ...

    def unplug(self) -> None: ...

    def replug(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def monotonic(self) -> float: ...

    def undisturbed(self, attempt: Callable[[], None]) -> None: ...


class FakeRig:
    def __init__(self) -> None:
        self._clock = ScriptedClock()
        self._card = FakeCard(self._clock)
        self.sink: Callable[[], Sink] = self._card.sink
        self.captured = self._card.heard
        self.unplug = self._card.unplug
        self.replug = self._card.replug
        self.wait = self._clock.advance
        self.monotonic = self._clock.monotonic

    def undisturbed(self, attempt: Callable[[], None]) -> None:
        attempt()


class RealRig:
    def __init__(self, null_sink: NullSink) -> None:
        self._null_sink = null_sink
        self.captured = null_sink.captured
        self.unplug = null_sink.unplug
        self.replug = null_sink.replug
        self.wait = time.sleep
        self.monotonic = time.monotonic
        self.undisturbed = null_sink.undisturbed

    def sink(self) -> Sink:
        return PortAudioSink(self._null_sink.device)


@pytest.fixture(params=["fake", "portaudio"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "fake":
        return FakeRig()
    return RealRig(request.getfixturevalue("null_sink"))


@contextmanager
def opened(rig: Rig) -> Iterator[Sink]:
    sink = rig.sink()
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


NOISE = (np.random.default_rng(7).uniform(-0.5, 0.5, 24000)).astype(np.float32)
SILENCE = np.zeros(4800, dtype=np.float32)


def blocks(pcm: np.ndarray, n: int = 960) -> list[np.ndarray]:
    return [pcm[start : start + n] for start in range(0, len(pcm), n)]


def position_of(pcm: np.ndarray, captured: np.ndarray) -> int:
    """Where in ``captured`` all of ``pcm`` is; fails when it is not there whole."""
    needle = pcm[:2000]
    likely = np.argmax(np.correlate(captured, needle, mode="valid"))
    assert np.allclose(captured[likely : likely + len(pcm)], pcm, atol=1e-4)
    return int(likely)


def test_all_frames_are_played_in_order_before_drain_returns(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            sink.write(SILENCE)
            for block in blocks(NOISE):
                sink.write(block)
            began = rig.monotonic()
            delay_s = sink.delay_s()
            sink.drain()
            took_s = rig.monotonic() - began
            rig.wait(0.1)
            position_of(NOISE, rig.captured())
            assert took_s >= delay_s - 0.06
            assert sink.underruns == 0

    rig.undisturbed(attempt)


def test_writing_waits_for_the_device(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            began = rig.monotonic()
            sink.write(np.concatenate([NOISE] * 2))
            assert rig.monotonic() - began > 0.7
            assert 0.0 < sink.delay_s() < 0.3

    rig.undisturbed(attempt)


def test_delay_is_what_was_written_and_shrinks(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            assert sink.delay_s() == 0.0
            for block in blocks(NOISE[:3840]):
                sink.write(block)
            assert 0.04 <= sink.delay_s() <= 0.08
            rig.wait(0.05)
            assert sink.delay_s() < 0.06

    rig.undisturbed(attempt)


def test_dropped_frames_are_not_heard_and_the_sink_goes_on(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            sink.write(SILENCE)
            sink.drain()
            sink.write(NOISE[:4800])
            sink.drop()
            assert sink.delay_s() == 0.0
            rig.wait(0.2)
            n_before = len(rig.captured())
            sink.write(SILENCE)
            sink.write(NOISE[::-1])
            sink.drain()
            rig.wait(0.1)
            captured = rig.captured()
            position_of(NOISE[::-1], captured)
            assert np.abs(captured[n_before - 4800 : n_before]).max() < 1e-4

    rig.undisturbed(attempt)


def test_a_few_frames_are_enough_for_a_drain(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            for _ in range(2):
                sink.write(NOISE[:240])
                sink.drain()
                assert sink.delay_s() == 0.0
            sink.drain()

    rig.undisturbed(attempt)


def test_unplugging_is_noticed_and_a_new_sink_plays_after_replugging(rig: Rig) -> None:
    def attempt() -> None:
        with opened(rig) as sink:
            sink.write(SILENCE)
            rig.unplug()
            began = rig.monotonic()

            def write_on() -> None:
                while rig.monotonic() - began < 5:
                    sink.write(NOISE[:960])
                    rig.wait(0.001)

            with pytest.raises(SinkLost):
                write_on()
        with pytest.raises(SinkLost):
            rig.sink().open()
        rig.replug()
        with opened(rig) as again:
            again.write(SILENCE)
            again.write(NOISE)
            again.drain()
            rig.wait(0.1)
            position_of(NOISE, rig.captured())

    rig.undisturbed(attempt)


def test_closed_sink_takes_nothing(rig: Rig) -> None:
    with opened(rig) as sink:
        pass
    sink.close()
    for use in (lambda: sink.write(NOISE), sink.delay_s, sink.drop, sink.drain):
        with pytest.raises(SinkLost):
            use()
