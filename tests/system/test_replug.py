"""A device that plays in real time: cut by an emergency, taken away and returned while it plays."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from tests.rigs.alsa import RATE
from tests.rigs.mqtt_peer import eventually
from tests.system.requester import Requester
from tests.system.sound import PCM

LONG = "请各位旅客注意，开往上海虹桥方向的列车马上就要进站了，请站在安全线以内等候，先下后上，照顾好随行的老人和孩子。"
SHORT = "紧急通知，请立即离开。"
BACK_WITHIN_S = 2.0
SILENT_WITHIN_S = 0.12
RECORDER_S = 0.05
"""What is heard reaches the recording, and this process, so much later."""


@pytest.fixture
def requester(mosquitto, null_sink, daemon, peer):
    broker = mosquitto()
    requester = Requester(peer(broker.port))
    requester.daemon, requester.sink = daemon(broker.port), null_sink
    requester.wait_for_device()
    # Recordings, so that what is measured is not how long a busy machine takes to make them.
    for number, text in enumerate((LONG, SHORT)):
        requester.spoken(f"warm-{number}", text)
    requester.names = itertools.count()
    return requester


@pytest.mark.parametrize("on_interrupt", ["resume", "restart"])
def test_a_device_that_returns_is_heard_within_two_seconds(requester, on_interrupt: str) -> None:
    def attempt() -> None:
        a = f"a{next(requester.names)}"
        requester.say({"id": a, "text": LONG, "on_interrupt": on_interrupt})
        eventually(lambda: loud(requester.sink.captured()).any())
        time.sleep(1.0)
        requester.sink.unplug()
        eventually(lambda: requester.status().get("state") == "degraded")
        assert requester.ends(a) == {}
        n_before = len(requester.sink.captured())
        requester.sink.replug()
        end = requester.end(a)
        assert end["event"] == "played"
        assert requester.kinds(a) == ["accepted", "started", "interrupted", "started", "played"]
        after = requester.sink.captured()[n_before:]
        assert np.argmax(loud(after)) * 0.01 < BACK_WITHIN_S
        eventually(lambda: requester.status()["state"] == "online")

    requester.sink.undisturbed(attempt, requester.daemon.process.pid)


def test_an_emergency_silences_the_rest_within_120_ms(requester) -> None:
    def attempt() -> None:
        a, b = (f"{name}{next(requester.names)}" for name in "ab")
        requester.say({"id": a, "text": LONG, "on_interrupt": "drop"})
        eventually(lambda: loud(requester.sink.captured()).sum() > 100)
        n_before, published = len(requester.sink.captured()), time.time()
        # Inaudible, so that the end of what it interrupts can be seen.
        requester.say({"id": b, "text": SHORT, "priority": "emergency", "volume": 0})
        assert requester.end(b)["event"] == "played"
        assert requester.end(a)["event"] == "dropped"
        heard = loud(requester.sink.captured()[n_before:])
        silent = np.lib.stride_tricks.sliding_window_view(~heard, 80).all(1)  # no pause of the sentence is as long
        assert silent.any()
        known = next(event["at"] for event in requester.events() if (event["id"], event["event"]) == (b, "accepted"))
        assert np.argmax(silent) * 0.01 - (known - published) < SILENT_WITHIN_S + RECORDER_S
        assert not heard[np.argmax(silent) :].any(), "and it stays silent"

    requester.sink.undisturbed(attempt, requester.daemon.process.pid)


def loud(heard: PCM) -> np.ndarray:
    """Which hundredths of a second are not silent."""
    n = RATE // 100
    return np.abs(heard[: len(heard) // n * n]).reshape(-1, n).max(1, initial=0) > 0.01
