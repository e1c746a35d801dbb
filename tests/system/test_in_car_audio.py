"""What a driver hears when speech is cut, from the recording of a sink that plays in real time."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.client import Handle, SpeechClient
from tests.rigs.alsa import RATE, NullSink
from tests.rigs.daemon import Daemon
from tests.system.sound import find, voice_says

SENTENCES = ["前方道路施工，请减速慢行。", "请保持车距，准备靠右行驶。", "然后在第三个路口左转，进入人民路。"]
ALERT = "请立即停车"
CUT_WITHIN_S = 0.12
HEARD = 0.02
"""The newcomer is so quiet that whatever is louder is what should have ended."""
QUIET = 0.01
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def hurry() -> Iterator[None]:
    """What plays in real time goes before what else this machine does, where it is allowed to say so."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    yield
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, before)


class Car(SpeechClient):
    """A client, and the process that speaks."""

    pid: int


@pytest.fixture(scope="module")
def speech(hurry: None, tmp_path_factory: pytest.TempPathFactory, null_sink_daemon: NullSink) -> Iterator[Car]:
    settings = {"mqtt": {"enabled": False}, "audio": {"device": null_sink_daemon.device, "idle_close_s": 60}}
    daemon = Daemon(tmp_path_factory.mktemp("car"), 1, settings, {"ALSA_CONFIG_PATH": str(null_sink_daemon.config)})
    try:
        daemon.start()
        with Car(daemon.folder / "run", timeout_s=PATIENCE_S) as speech:
            speech.pid = daemon.process.pid
            speech.preload(["".join(SENTENCES), ALERT])
            yield speech
    finally:
        daemon.close()


def until_heard(sink: NullSink, seconds: float) -> int:
    """Wait until so much of the speech was heard; frames recorded then."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        captured = sink.captured()
        loud = np.flatnonzero(np.abs(captured) > HEARD)
        if len(loud) and len(captured) - loud[0] >= seconds * RATE and len(captured) - loud[-1] < 0.02 * RATE:
            return len(captured)
        assert time.monotonic() < deadline, "nothing is heard"
        time.sleep(0.005)


REQUESTS: dict[str, Callable[[SpeechClient, Handle], object]] = {
    "stop": lambda speech, _: speech.stop(),
    "cancel": lambda _, handle: handle.cancel(),
    "important": lambda speech, _: speech.say(ALERT, priority="important", volume=QUIET).wait_played(PATIENCE_S),
    "emergency": lambda speech, _: speech.say(ALERT, priority="emergency", volume=QUIET).wait_played(PATIENCE_S),
}


@pytest.mark.parametrize("request_", REQUESTS)
def test_speech_is_silent_within_120_ms_of_the_request_and_does_not_click(null_sink: NullSink, speech: Car, request_: str) -> None:
    def attempt() -> None:
        handle = speech.say("".join(SENTENCES), on_interrupt="drop")
        n_before = until_heard(null_sink, 0.8)
        REQUESTS[request_](speech, handle)
        assert not handle.wait_played(PATIENCE_S)
        time.sleep(0.3)
        captured = null_sink.captured()
        loud = np.flatnonzero(np.abs(captured) > HEARD)
        first, last = int(loud[0]), int(loud[-1])
        print(f"{request_}: silent after {(last - n_before) / RATE * 1000:.0f} ms")
        assert last - n_before <= CUT_WITHIN_S * RATE
        spoken = captured[first + RATE // 50 : last - RATE // 50]
        assert sharpest(captured[last - RATE // 50 : last + RATE // 20]) <= 1.2 * sharpest(spoken)

    null_sink.undisturbed(attempt, speech.pid)


def test_a_cut_announcement_goes_on_where_its_sentence_began(null_sink: NullSink, speech: Car, tmp_path: Path) -> None:
    segments = voice_says("".join(SENTENCES), tmp_path)
    lengths = [len(segment) / RATE for segment in segments]

    def attempt() -> None:
        handle = speech.say("".join(SENTENCES), on_interrupt="resume")
        until_heard(null_sink, lengths[0] + 0.4 * lengths[1])
        alert = speech.say(ALERT, priority="emergency", volume=QUIET)
        assert alert.wait_started(PATIENCE_S)
        n_cut = len(null_sink.captured())
        assert handle.wait_played(PATIENCE_S)
        assert [event["event"] for event in handle.events] == ["accepted", "started", "interrupted", "started", "played"]
        time.sleep(0.3)
        after = null_sink.captured()[n_cut:]
        assert find(segments[0], after)[1] < 0.5
        places = [find(segment, after) for segment in segments[1:]]
        assert all(likeness > 0.9 for _, likeness in places)
        assert [place for place, _ in places] == sorted(place for place, _ in places)

    null_sink.undisturbed(attempt, speech.pid)


def sharpest(pcm: NDArray[np.float32]) -> float:
    """A click is a bend that speech has not."""
    return float(np.abs(np.diff(pcm, 2)).max())
