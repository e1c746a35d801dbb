"""The daemon as a service: what it tells systemd, and a configuration that changes while it speaks."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.client import SpeechClient
from tests.rigs.alsa import NullSink
from tests.rigs.daemon import Daemon, toml
from tests.rigs.mqtt_peer import eventually
from tests.system.sound import find

SENTENCE = "前方道路施工，请减速慢行。"


@pytest.fixture
def served(tmp_path: Path, null_sink: NullSink) -> Iterator[Callable[..., Daemon]]:
    """``served(watchdog_s)``: a daemon that systemd would supervise."""
    made: list[Daemon] = []

    def start(watchdog_s: float | None = None) -> Daemon:
        environ = {"WATCHDOG_USEC": str(int(watchdog_s * 1e6))} if watchdog_s else {}
        settings = {"mqtt": {"enabled": False}, "audio": {"device": null_sink.device}}
        made.append(Daemon(tmp_path / "daemon", 1, settings, environ))
        return made[-1].start()

    yield start
    for one in made:
        one.close()


def reload(daemon: Daemon, **sections: dict[str, object]) -> list[str]:
    """Append sections to the configuration, send SIGHUP, and return what systemd heard from then to the end of the reload."""
    with daemon.config.open("a") as file:
        file.writelines(f"[{name}]\n{toml(keys)}" for name, keys in sections.items())
    heard = daemon.manager.heard
    n_before, n_ready = len(heard), daemon.manager.count("READY=1")
    daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: daemon.manager.count("READY=1") > n_ready)
    return [line for message in heard[n_before:] for line in message.splitlines() if not line.startswith("WATCHDOG")]


def test_stopped_while_it_loads_its_voice_it_ends_well(served: Callable[..., Daemon]) -> None:
    daemon = served()
    for delay_s in (0.0, 0.05, 0.1, 0.2, 0.4):
        time.sleep(delay_s)
        assert daemon.stop() == 0, daemon.log()
        daemon.start()


def test_what_systemd_hears(served: Callable[..., Daemon]) -> None:
    daemon = served(watchdog_s=1.0)
    heard = daemon.manager.heard
    ready = next(message for message in heard if "READY=1" in message.splitlines())
    assert "STATUS=ready; cached phrases play, the voice is loading" in ready
    eventually(lambda: any("STATUS=voice default loaded on " in message for message in heard))
    eventually(lambda: daemon.manager.count("WATCHDOG=1") >= 3)

    before_us = time.monotonic_ns() // 1000
    said = reload(daemon, announcement={"volume": 0.5}, voice={"threads": 1})
    assert said[0] == "RELOADING=1"
    stamp = re.fullmatch(r"MONOTONIC_USEC=(\d+)", said[1])
    assert stamp
    assert before_us <= int(stamp[1]) <= time.monotonic_ns() // 1000, "systemd ignores a reload older than its signal"
    assert "changed announcement.volume; a restart is needed for voice.threads" in said[-1]

    said = reload(daemon, nonsense={"key": 1})
    assert "configuration not taken, 1 wrong" in said[-1]
    assert "nonsense" in said[-1]
    assert daemon.process.poll() is None

    assert daemon.stop() == 0
    assert daemon.manager.count("STOPPING=1") == 1


def test_a_reload_while_it_speaks_is_not_heard(served: Callable[..., Daemon], null_sink: NullSink) -> None:
    daemon = served()
    with SpeechClient(daemon.folder / "run", timeout_s=120) as speech:
        speech.preload([SENTENCE])

        def attempt() -> None:
            speech.say(SENTENCE).wait_played(120)
            time.sleep(0.3)  # until all of it is recorded
            without = audible(null_sink.captured())
            n_before = len(null_sink.captured())
            handle = speech.say(SENTENCE)
            eventually(lambda: np.abs(null_sink.captured()[n_before:]).max(initial=0) > 0.02)
            said = reload(daemon)
            assert said[0] == "RELOADING=1"
            handle.wait_played(120)
            during = audible(null_sink.captured()[n_before:])
            at, likeness = find(without, during)
            assert likeness > 0.99
            assert np.abs(during[at + len(without) :]).max(initial=0) < 0.01

        null_sink.undisturbed(attempt, daemon.process.pid)


def audible(captured: np.ndarray) -> np.ndarray:
    """From the first to the last audible frame."""
    loud = np.flatnonzero(np.abs(captured) > 0.01)
    return captured[loud[0] : loud[-1]]
