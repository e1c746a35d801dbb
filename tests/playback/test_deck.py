"""The audio thread's work in simulated time: what was heard when is compared, to the sample, with what was asked."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.playback import (
    BadAudio,
    Cut,
    DeviceBack,
    DeviceLost,
    Drained,
    Failed,
    NearEnd,
    PlayerEvent,
    Reached,
    Started,
    Underrun,
    Utterance,
)
from edge_agent.playback.deck import ACK_WITHIN_S, CUT_WITHIN_S, Deck
from edge_agent.playback.loudness import true_peak_dbtp
from tests.doubles.fake_sink import FakeCard, ScriptedClock

RATE = 48000
SOURCE_RATE = 24000
LEAD_IN_S = 0.15
FADE_S = 0.008


def tone(seconds: float, sample_rate: int = SOURCE_RATE, hz: float = 220.0, amplitude: float = 0.5) -> np.ndarray:
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def largest_step(pcm: np.ndarray) -> float:
    return float(np.abs(np.diff(pcm)).max())


CLICK_FREE = 1.2 * largest_step(tone(0.1, RATE))
FADED = CLICK_FREE + 0.5 / (FADE_S * RATE) * np.pi / 2
"""What a step may be while the tone is faded."""


class Stage:
    """A deck, a card and a script of what happens when."""

    def __init__(self, *, acknowledge: bool = True, **card: float) -> None:
        self.clock = ScriptedClock()
        self.card = FakeCard(self.clock, sample_rate=RATE, **card)  # type: ignore[arg-type]
        self.events: list[PlayerEvent] = []
        self.times: list[float] = []
        self._acknowledge = acknowledge
        self._script: list[tuple[float, Callable[[], object]]] = []
        self.deck = Deck(
            self.card.sink,
            self._on_event,
            self.clock,
            wake=lambda: None,
            lead_in_s=LEAD_IN_S,
            idle_close_s=5.0,
            fade_s=FADE_S,
        )

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        self._script.append((seconds, action))
        self._script.sort(key=lambda entry: entry[0])

    def run(self, until_s: float) -> None:
        """Step as the audio thread would, until the simulated time is over."""
        idle_steps = 0
        while self.clock.monotonic() < until_s:
            while self._script and self._script[0][0] <= self.clock.monotonic():
                self._script.pop(0)[1]()
                idle_steps = 0
            wait_s = self.deck.step()
            if wait_s == 0:
                idle_steps += 1
                assert idle_steps < 1000, "the deck goes round without letting time pass"
                continue
            idle_steps = 0
            next_s = self._script[0][0] if self._script else until_s
            ends_s = min(next_s, until_s, self.clock.monotonic() + (np.inf if wait_s is None else max(wait_s, 1e-3)))
            self.clock.advance(max(ends_s - self.clock.monotonic(), 1e-6))

    def of(self, kind: type) -> list[PlayerEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def time_of(self, kind: type) -> float:
        return next(at for at, event in zip(self.times, self.events, strict=True) if isinstance(event, kind))

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def sound(self, threshold: float = 1e-4) -> np.ndarray:
        """What was heard, from the first audible frame to the last."""
        heard = self.card.heard()
        audible = np.flatnonzero(np.abs(heard) > threshold)
        return heard[audible[0] : audible[-1] + 1] if len(audible) else heard[:0]

    def _on_event(self, event: PlayerEvent) -> None:
        self.events.append(event)
        self.times.append(self.clock.monotonic())
        if isinstance(event, NearEnd) and self._acknowledge:
            event.acknowledge()


def whole(id: str, seconds: float, **options: float) -> Utterance:
    utterance = Utterance(id, SOURCE_RATE, **options)  # type: ignore[arg-type]
    utterance.put(tone(seconds), segment=0)
    utterance.finish()
    return utterance


@pytest.mark.parametrize("seconds", [1 / SOURCE_RATE, 0.03, 0.15, 0.25, 1.0, 3.3])
@pytest.mark.parametrize("paced", [True, False])
def test_all_of_it_is_heard_and_then_reported(seconds: float, paced: bool) -> None:
    stage = Stage(paced=paced)
    stage.deck.play(whole("a", seconds))
    stage.run(seconds + 2)
    assert stage.kinds() == ["Started", "NearEnd", "Drained"]
    expected = tone(seconds, RATE)
    heard = stage.card.heard()
    first = np.flatnonzero(np.abs(heard) > 1e-3)[0] if seconds > 0.01 else 0
    if seconds > 0.01:
        assert np.allclose(heard[first - 1 :][: len(expected)][300:-300], expected[300:-300], atol=2e-3)
        assert np.abs(heard[first + len(expected) + 100 :]).max() < 1e-3
    (drained,) = stage.of(Drained)
    assert drained.audio_s == pytest.approx(seconds, abs=1 / SOURCE_RATE)
    if paced and seconds > 0.01:
        assert stage.time_of(Drained) >= (first + len(expected) - 2) / RATE
        assert stage.time_of(Drained) <= (first + len(expected)) / RATE + 0.01
        (started,) = stage.of(Started)
        heard_at = started.at - stage.clock.now() + stage.clock.monotonic() + started.delay_s
        assert heard_at == pytest.approx(first / RATE, abs=0.021)


def test_first_sound_follows_the_lead_in() -> None:
    stage = Stage()
    stage.deck.open()
    stage.deck.play(whole("a", 0.5))
    stage.run(2)
    assert np.flatnonzero(np.abs(stage.card.heard()) > 1e-3)[0] / RATE == pytest.approx(LEAD_IN_S, abs=0.001)


def test_lead_in_passes_while_synthesis_is_at_work() -> None:
    stage = Stage()
    utterance = Utterance("a", SOURCE_RATE)
    stage.deck.play(utterance)
    stage.at(0.5, lambda: (utterance.put(tone(0.5), segment=0), utterance.finish()))
    stage.run(3)
    assert np.flatnonzero(np.abs(stage.card.heard()) > 1e-3)[0] / RATE == pytest.approx(0.5, abs=0.08)
    assert stage.kinds() == ["Started", "NearEnd", "Drained"], "waiting for the first sound is no underrun"


def test_device_is_given_back_when_idle_and_woken_again() -> None:
    stage = Stage()
    stage.deck.play(whole("a", 0.5))
    stage.run(4)
    assert stage.card.open_now
    stage.at(4.0, lambda: stage.deck.play(whole("b", 0.5)))
    stage.run(9)
    assert stage.card.open_now and stage.card.n_opened == 1
    stage.run(11)
    assert not stage.card.open_now
    stage.at(11.0, lambda: stage.deck.play(whole("c", 0.5)))
    stage.run(14)
    assert stage.card.n_opened == 2
    heard = np.abs(stage.card.heard())
    assert np.flatnonzero(heard[4 * RATE :] > 1e-3)[0] / RATE < 0.01
    assert np.flatnonzero(heard[11 * RATE :] > 1e-3)[0] / RATE == pytest.approx(LEAD_IN_S, abs=0.01)


class TestEnding:
    def test_the_last_tenth_of_a_second_waits_for_the_acknowledgement(self) -> None:
        stage = Stage(acknowledge=False)
        stage.deck.play(whole("a", 1.0))
        while not stage.of(NearEnd):
            stage.run(stage.clock.monotonic() + 0.005)
        near_end_s = stage.clock.monotonic()
        stage.run(near_end_s + ACK_WITHIN_S - 0.01)
        assert len(stage.sound()) / RATE <= 0.9 + FADE_S + 0.001
        assert not stage.of(Drained)
        stage.run(near_end_s + 2)
        assert len(stage.of(Drained)) == 1, "an acknowledgement that never comes only delays"
        assert len(stage.sound()) / RATE > 1.0

    def test_an_acknowledgement_in_time_is_not_heard(self) -> None:
        stage = Stage(acknowledge=False)
        stage.deck.play(whole("a", 1.0))
        while not stage.of(NearEnd):
            stage.run(stage.clock.monotonic() + 0.005)
        stage.at(stage.clock.monotonic() + 0.1, stage.of(NearEnd)[0].acknowledge)  # type: ignore[attr-defined]
        stage.run(4)
        assert stage.kinds() == ["Started", "NearEnd", "Drained"]
        assert largest_step(stage.card.heard()) < CLICK_FREE


class TestCut:
    @pytest.mark.parametrize("asked_s", [0.2, 0.5, 1.0, 1.013, 2.0])
    def test_silent_within_120_ms_without_a_click(self, asked_s: float) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 3.0))
        stage.at(asked_s, lambda: stage.deck.preempt("a"))
        stage.run(4)
        heard = stage.card.heard()
        assert np.abs(heard[round((asked_s + CUT_WITHIN_S) * RATE) :]).max() == 0
        assert largest_step(heard) < FADED
        (cut,) = stage.of(Cut)
        assert cut.segment == 0
        assert cut.audio_s == pytest.approx(len(stage.sound()) / RATE, abs=0.002)

    def test_next_one_follows_at_once(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 3.0))
        emergency = whole("b", 1.0)
        stage.at(1.0, lambda: (stage.deck.preempt("a"), stage.deck.play(emergency)))
        stage.run(4)
        assert stage.kinds() == ["Started", "Cut", "Started", "NearEnd", "Drained"]
        heard = stage.card.heard()
        assert np.abs(heard[round(1.13 * RATE) : round(1.9 * RATE)]).max() == pytest.approx(0.5, abs=0.01)
        assert largest_step(heard) < FADED

    def test_a_device_that_queues_too_much_is_silenced_hard(self) -> None:
        stage = Stage(buffer_s=1.0)
        stage.deck.play(whole("a", 3.0))
        stage.at(1.0, lambda: stage.card.play(tone(0.5, RATE)))
        stage.at(1.001, lambda: stage.deck.preempt("a"))
        stage.run(4)
        assert np.abs(stage.card.heard()[round(1.01 * RATE) :]).max() == 0
        assert stage.of(Cut)[0].audio_s < 0.9  # type: ignore[attr-defined]

    def test_reports_where_to_go_on(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        for segment in range(4):
            utterance.put(tone(1.0), segment=segment)
        utterance.finish()
        stage.deck.play(utterance)
        stage.at(LEAD_IN_S + 2.5, lambda: stage.deck.preempt("a"))
        stage.run(4)
        assert stage.of(Cut)[0].segment == 2  # type: ignore[attr-defined]

    def test_by_the_utterance_itself(self) -> None:
        stage = Stage()
        utterance = whole("a", 3.0)
        stage.deck.play(utterance)
        stage.at(1.0, utterance.cancel)
        stage.run(4)
        assert stage.kinds() == ["Started", "Cut"]
        assert np.abs(stage.card.heard()[round(1.12 * RATE) :]).max() == 0

    def test_before_the_first_sound(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE, first_segment=3)
        stage.deck.play(utterance)
        stage.at(0.3, lambda: stage.deck.preempt("a"))
        stage.run(2)
        assert stage.events == [Cut("a", 3, 0.0)]
        assert utterance.put(tone(0.1), segment=3) is False

    def test_of_one_that_waits_leaves_the_one_that_plays(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 1.0))
        stage.deck.play(whole("b", 1.0))
        stage.at(0.5, lambda: stage.deck.preempt("b"))
        stage.at(0.6, lambda: stage.deck.preempt("nobody"))
        stage.run(4)
        assert stage.kinds() == ["Started", "Cut", "NearEnd", "Drained"]
        assert stage.events[1] == Cut("b", 0, 0.0)

    def test_of_everything(self) -> None:
        stage = Stage()
        for name in "abc":
            stage.deck.play(whole(name, 1.0))
        stage.at(0.5, lambda: stage.deck.preempt(None))
        stage.run(4)
        assert [(type(event), event.id) for event in stage.events] == [  # type: ignore[union-attr]
            (Started, "a"),
            (Cut, "a"),
            (Cut, "b"),
            (Cut, "c"),
        ]

    def test_comes_too_late_when_all_of_it_is_with_the_device(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 1.0))
        stage.at(LEAD_IN_S + 0.97, lambda: stage.deck.preempt("a"))
        stage.run(4)
        assert stage.kinds() == ["Started", "NearEnd", "Drained"]


class TestLateSynthesis:
    def play_with_a_pause(self, pause_s: float) -> Stage:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        speech = tone(2.0)
        utterance.put(speech[:SOURCE_RATE], segment=0)
        stage.deck.play(utterance)
        stage.at(1.0 + pause_s, lambda: (utterance.put(speech[SOURCE_RATE:], segment=0), utterance.finish()))
        stage.run(6)
        return stage

    def test_is_bridged_by_faded_silence_and_reported(self) -> None:
        stage = self.play_with_a_pause(1.0)
        assert stage.kinds() == ["Started", "Underrun", "NearEnd", "Drained"]
        (underrun,) = stage.of(Underrun)
        heard = stage.card.heard()
        silent = np.flatnonzero(np.abs(heard[RATE // 2 : 3 * RATE]) > 1e-3)
        gap_s = np.diff(silent).max() / RATE
        assert underrun.cause == "synthesis"
        assert underrun.gap_s == pytest.approx(gap_s, abs=0.01)
        assert largest_step(heard) < FADED

    def test_loses_nothing(self) -> None:
        stage = self.play_with_a_pause(1.0)
        sound = stage.sound()
        edges = np.flatnonzero(np.diff((np.abs(sound) < 1e-6).astype(int)))
        longest = max(itertools.pairwise(edges), key=lambda edge: edge[1] - edge[0])
        joined = np.concatenate((sound[: longest[0] + 1], sound[longest[1] + 1 :]))
        assert len(joined) / RATE == pytest.approx(2.0, abs=0.002)
        assert stage.of(Drained)[0].audio_s == pytest.approx(2.0, abs=0.001)  # type: ignore[attr-defined]

    def test_is_not_reported_when_the_device_did_not_notice(self) -> None:
        assert self.play_with_a_pause(0.0).kinds() == ["Started", "NearEnd", "Drained"]

    def test_does_not_flood_an_unpaced_device(self) -> None:
        stage = Stage(paced=False)
        utterance = Utterance("a", SOURCE_RATE)
        utterance.put(tone(1.0), segment=0)
        stage.deck.play(utterance)
        stage.run(3)
        assert stage.card.n_written < 4.2 * RATE


class TestFailure:
    def test_of_the_synthesis_ends_the_utterance_softly(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        utterance.put(tone(3.0), segment=0)
        stage.deck.play(utterance)
        error = RuntimeError("model broke")
        stage.at(1.0, lambda: utterance.fail(error))
        stage.run(4)
        assert stage.events[1:] == [Failed("a", error)]
        assert largest_step(stage.card.heard()) < FADED

    def test_no_audio_at_all(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        utterance.finish()
        stage.deck.play(utterance)
        stage.deck.play(whole("b", 0.5))
        stage.run(2)
        assert stage.kinds() == ["Failed", "Started", "NearEnd", "Drained"]
        assert isinstance(stage.of(Failed)[0].error, BadAudio)  # type: ignore[attr-defined]


class TestDevice:
    def test_that_is_missing_delays_but_loses_nothing(self) -> None:
        stage = Stage()
        stage.card.unplug()
        stage.deck.open()
        stage.deck.play(whole("a", 1.0))
        stage.at(3.0, stage.card.replug)
        stage.run(8)
        assert stage.kinds() == ["DeviceLost", "DeviceBack", "Started", "NearEnd", "Drained"]
        assert 3.0 < np.flatnonzero(np.abs(stage.card.heard()) > 1e-3)[0] / RATE < 5.0

    @pytest.mark.parametrize("away_s", [0.05, 1.0, 7.3])
    def test_lost_while_playing_is_cut_when_it_is_back(self, away_s: float) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        for segment in range(3):
            utterance.put(tone(1.0), segment=segment)
        utterance.finish()
        stage.deck.play(utterance)
        stage.at(LEAD_IN_S + 1.5, stage.card.unplug)
        back_s = LEAD_IN_S + 1.5 + away_s
        stage.at(back_s, stage.card.replug)
        stage.run(back_s + 2)
        assert stage.kinds() == ["Started", "Reached", "DeviceLost", "DeviceBack", "Cut"]
        assert stage.of(Reached) == [Reached("a", 1)]
        (cut,) = stage.of(Cut)
        assert cut.segment == 1
        assert cut.audio_s == pytest.approx(1.5, abs=0.1)
        assert stage.time_of(DeviceBack) <= back_s + 1.0 + 1e-3
        resumed = whole("a", 0.5)
        stage.at(stage.clock.monotonic(), lambda: stage.deck.play(resumed))
        stage.run(back_s + 4)
        assert stage.kinds()[-3:] == ["Started", "NearEnd", "Drained"]

    def test_that_freezes_is_noticed(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 3.0))
        stage.at(1.0, stage.card.freeze)
        stage.run(1.55)
        assert stage.kinds() == ["Started", "DeviceLost"]

    def test_lost_before_the_first_sound_is_only_late(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 1.0))
        stage.at(0.05, stage.card.unplug)
        stage.at(1.0, stage.card.replug)
        stage.run(5)
        assert stage.kinds() == ["DeviceLost", "DeviceBack", "Started", "NearEnd", "Drained"]
        assert stage.of(Drained)[0].audio_s == pytest.approx(1.0, abs=0.001)  # type: ignore[attr-defined]

    @pytest.mark.parametrize("seconds", [0.25, 1.0])
    def test_lost_between_two_utterances_clips_nothing_of_the_second(self, seconds: float) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 0.5))
        stage.at(1.0, stage.card.unplug)  # unused, an open device does not tell
        stage.at(1.5, lambda: stage.deck.play(whole("b", seconds)))
        stage.at(2.0, stage.card.replug)
        stage.run(6)
        assert stage.kinds() == ["Started", "NearEnd", "Drained", "DeviceLost", "DeviceBack", "Started", "NearEnd", "Drained"]
        assert stage.of(Drained)[1].audio_s == pytest.approx(seconds, abs=0.001)  # type: ignore[attr-defined]
        heard = stage.card.heard()[round(1.5 * RATE) :]
        first = np.flatnonzero(np.abs(heard) > 1e-3)[0]
        expected = tone(seconds, RATE)
        assert np.allclose(heard[first - 1 :][: len(expected)][300:-300], expected[300:-300], atol=2e-3)

    def test_cut_does_not_wait_for_a_lost_device(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 3.0))
        stage.deck.play(whole("b", 1.0))
        stage.at(1.0, stage.card.unplug)
        stage.at(1.5, lambda: stage.deck.preempt(None))
        stage.run(2)
        assert stage.kinds() == ["Started", "DeviceLost", "Cut", "Cut"]
        stage.at(2.0, stage.card.replug)
        stage.run(4)
        assert stage.kinds()[4:] == ["DeviceBack"]

    def test_underrun_of_the_device_is_reported(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 2.0))
        stage.at(1.0, lambda: stage.clock.advance(0.3))
        stage.run(4)
        (underrun,) = stage.of(Underrun)
        assert underrun.cause == "device"
        assert underrun.gap_s == pytest.approx(0.23, abs=0.03)


class TestLevel:
    def test_volume_changes_without_a_click(self) -> None:
        stage = Stage()
        stage.deck.play(whole("a", 3.0, volume=0.5))
        stage.at(1.0, lambda: stage.deck.set_volume(0.2))
        stage.run(4)
        sound = stage.sound()
        assert np.abs(sound[RATE // 4 : RATE // 2]).max() == pytest.approx(0.25, abs=0.005)
        assert np.abs(sound[2 * RATE :]).max() == pytest.approx(0.05, abs=0.005)
        assert largest_step(sound) < CLICK_FREE

    def test_gain_of_each_chunk(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        utterance.put(tone(1.0), segment=0, gain=0.5)
        utterance.put(tone(1.0), segment=1, gain=1.5)
        utterance.finish()
        stage.deck.play(utterance)
        stage.run(4)
        sound = stage.sound()
        assert np.abs(sound[: RATE // 2]).max() == pytest.approx(0.25, abs=0.005)
        assert np.abs(sound[3 * RATE // 2 :]).max() == pytest.approx(0.75, abs=0.005)

    def test_what_is_too_loud_is_limited(self) -> None:
        stage = Stage()
        utterance = Utterance("a", SOURCE_RATE)
        utterance.put(tone(1.0), segment=0, gain=4.0)
        utterance.finish()
        stage.deck.play(utterance)
        stage.run(3)
        assert -1.3 < true_peak_dbtp(stage.sound()) <= -1.0


def test_close_cuts_and_gives_the_device_back() -> None:
    stage = Stage()
    stage.deck.play(whole("a", 3.0))
    stage.deck.play(whole("b", 3.0))
    stage.run(1.0)
    stage.deck.close()
    assert stage.kinds() == ["Started", "Cut", "Cut"]
    assert not stage.card.open_now
    assert largest_step(stage.card.heard()) < FADED


_ACTIONS = st.one_of(
    st.tuples(st.just("preempt"), st.integers(0, 5)),
    st.tuples(st.just("preempt all"), st.just(0)),
    st.tuples(st.just("unplug"), st.just(0)),
    st.tuples(st.just("replug"), st.just(0)),
    st.tuples(st.just("freeze"), st.just(0)),
    st.tuples(st.just("put"), st.integers(0, 5)),
    st.tuples(st.just("finish"), st.integers(0, 5)),
    st.tuples(st.just("fail"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 3), _ACTIONS), max_size=25),
    st.booleans(),
)
def test_every_utterance_ends_exactly_once(script: list[tuple[float, tuple[str, int]]], acknowledge: bool) -> None:
    stage = Stage(acknowledge=acknowledge)
    utterances = [Utterance(str(number), SOURCE_RATE) for number in range(6)]

    def put(number: int) -> None:
        state = utterances[number].state()
        if not (state.finished or state.error):
            utterances[number].put(tone(0.4), segment=0)

    def replug(_: int) -> None:
        stage.card.frozen_at = None
        stage.card.replug()

    actions: dict[str, Callable[[int], object]] = {
        "put": put,
        "finish": lambda number: utterances[number].finish(),
        "fail": lambda number: utterances[number].fail(RuntimeError("model broke")),
        "cancel": lambda number: utterances[number].cancel(),
        "preempt": lambda number: stage.deck.preempt(str(number)),
        "preempt all": lambda _: stage.deck.preempt(None),
        "unplug": lambda _: stage.card.unplug(),
        "freeze": lambda _: stage.card.freeze(),
        "replug": replug,
    }

    for utterance in utterances:
        stage.deck.play(utterance)
    for at, (name, number) in script:
        stage.at(at, functools.partial(actions[name], number))
    stage.at(3.0, functools.partial(replug, 0))
    for utterance in utterances:
        stage.at(3.0, utterance.finish)
    stage.run(30)
    for utterance in utterances:
        own = [event for event in stage.events if getattr(event, "id", None) == utterance.id]
        ends = [event for event in own if isinstance(event, Drained | Cut | Failed)]
        assert len(ends) == 1, (utterance.id, own)
        assert own[-1] is ends[0]
        assert len([event for event in own if isinstance(event, Started)]) <= 1
        if isinstance(ends[0], Drained):
            order = [type(event) for event in own if not isinstance(event, Underrun)]
            assert order == [Started, NearEnd, Drained]
    losses = [type(event) for event in stage.events if isinstance(event, DeviceLost | DeviceBack)]
    assert losses == [DeviceLost, DeviceBack] * (len(losses) // 2)
