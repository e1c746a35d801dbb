from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from edge_agent.ducking import Ducker, MixerError
from tests.rigs.sound_server import until


class Recorder:
    """A mixer that writes down what it was told."""

    def __init__(self) -> None:
        self.told: list[float | str] = []
        self.lowered = False
        self.error: Exception | None = None
        self.block: threading.Event | None = None
        self.when: Callable[[float | str], object] = lambda _what: None
        """Called, in the mixer's thread, with what it was told."""

    @property
    def last(self) -> float | str | None:
        return self.told[-1] if self.told else None

    def recover(self) -> None:
        self._tell("recover")

    def set(self, part: float) -> None:
        self.lowered = True
        self._tell(round(part, 3))

    def restore(self) -> None:
        self._tell("restore")
        self.lowered = False

    def close(self) -> None:
        self.told.append("close")

    def _tell(self, what: float | str) -> None:
        if self.block is not None:
            self.block.wait(20)
        if self.error is not None:
            raise self.error
        self.told.append(what)
        self.when(what)


@pytest.fixture
def mixer() -> Recorder:
    return Recorder()


def running(mixer: Recorder, **options: object) -> Ducker:
    ducker = Ducker(mixer, **{"level": 0.25, "ramp_s": 0.1, "hold_s": 0.05, **options})
    ducker.start()
    return ducker


def test_a_ramp_down_and_a_ramp_up(mixer: Recorder) -> None:
    ducker = running(mixer)
    ducker.speaking(True)
    until(lambda: mixer.last == 0.25)
    ducker.speaking(False)
    until(lambda: mixer.last == "restore")
    ducker.stop()
    down = mixer.told[1 : mixer.told.index(0.25) + 1]
    up = [part for part in mixer.told[mixer.told.index(0.25) + 1 :] if isinstance(part, float) and part != 0.25]
    assert mixer.told[0] == "recover"
    assert down == [0.812, 0.625, 0.438, 0.25]
    assert up == [0.438, 0.625, 0.812]
    assert mixer.told[-2:] == ["restore", "close"]


def test_it_looks_for_newcomers_while_speech_lasts(mixer: Recorder) -> None:
    ducker = running(mixer, ramp_s=0)
    ducker.speaking(True)
    until(lambda: mixer.told.count(0.25) >= 3)
    ducker.stop()
    assert mixer.told[-2:] == ["restore", "close"]


def test_between_two_announcements_nothing_is_raised(mixer: Recorder) -> None:
    ducker = running(mixer, hold_s=30)
    for _ in range(3):
        ducker.speaking(True)
        until(lambda: mixer.last == 0.25)
        ducker.speaking(False)
    time.sleep(0.1)
    ducker.stop()
    assert mixer.told.count("restore") == 1
    assert mixer.told[-2:] == ["restore", "close"]


def test_speech_that_begins_while_raising_lowers_again(mixer: Recorder) -> None:
    ducker = running(mixer, ramp_s=0.5, hold_s=0)
    ducker.speaking(True)
    until(lambda: mixer.last == 0.25)
    mixer.when = lambda part: ducker.speaking(True) if isinstance(part, float) and part > 0.7 else None
    ducker.speaking(False)
    until(lambda: any(isinstance(part, float) and part > 0.7 for part in mixer.told[mixer.told.index(0.25) :]))
    until(lambda: mixer.last == 0.25)
    ducker.stop()
    assert "restore" not in mixer.told[:-2]


def test_speech_that_begins_as_the_thread_goes_to_sleep_is_not_missed(mixer: Recorder) -> None:
    n_asked = 0

    def monotonic() -> float:
        nonlocal n_asked
        n_asked += 1
        if n_asked == 2:  # the thread has seen that nobody speaks, and does not wait yet
            ducker.speaking(True)
        return time.monotonic()

    ducker = Ducker(mixer, level=0.25, ramp_s=0, hold_s=0, monotonic=monotonic)
    ducker.start()
    until(lambda: mixer.last == 0.25)
    ducker.stop()


def test_problems_are_reported_and_others_are_raised_all_the_same(mixer: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.ducking.ducker._RETRY_S", 0.02)
    problems: list[str | None] = []
    ducker = running(mixer, on_problem=problems.append, ramp_s=0, hold_s=0)
    ducker.speaking(True)
    until(lambda: mixer.last == 0.25)
    for error in (MixerError("the server is away"), ValueError("a defect")):
        mixer.error = error
        ducker.speaking(False)
        until(lambda error=error: problems and str(error) in str(problems[-1]))
        mixer.error = None
        until(lambda: mixer.last == "restore")
        ducker.speaking(True)
        until(lambda: mixer.last == 0.25)
        assert problems[-1] is None
    ducker.stop()


def test_what_failed_half_way_is_raised_after_speech(mixer: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.ducking.ducker._RETRY_S", 0.02)
    problems: list[str | None] = []
    ducker = running(mixer, on_problem=problems.append, ramp_s=0, hold_s=0)
    until(lambda: mixer.last == "recover")
    mixer.error = MixerError("amixer did not work: it took too long")
    ducker.speaking(True)
    until(lambda: problems and problems[-1])
    ducker.speaking(False)
    mixer.error = None
    until(lambda: mixer.last == "restore")
    ducker.stop()


def test_a_problem_that_stays_is_one_problem_and_logged_once(
    mixer: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge_agent.ducking.ducker._RETRY_S", 0.001)
    problems: list[str | None] = []
    ducker = running(mixer, on_problem=problems.append, ramp_s=0, hold_s=0)
    mixer.error = MixerError("the control does not exist yet")
    ducker.speaking(True)
    until(lambda: problems.count("the control does not exist yet") > 5)
    ducker.stop()
    assert caplog.text.count("does not exist yet") == 1
    assert None not in problems[problems.index("the control does not exist yet") :], "or the daemon's state flaps"


def test_a_mixer_that_hangs_holds_nobody_up(mixer: Recorder) -> None:
    mixer.block = threading.Event()
    ducker = running(mixer)
    for is_speaking in (True, False) * 10:
        ducker.speaking(is_speaking)
    ducker.stop(timeout_s=0.05)
    mixer.block.set()
    until(lambda: mixer.last == "close")
