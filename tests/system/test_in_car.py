"""An assistant on the same computer: real clients, the daemon as a process of its own, and what the loudspeaker gave."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.client import Handle, NoAnswer, Rejected, SpeechClient
from edge_agent.events import TERMINAL
from tests.rigs.alsa import FilePcm
from tests.rigs.daemon import Daemon
from tests.rigs.mqtt_peer import eventually
from tests.rigs.ports import free_port
from tests.rigs.zmq_peer import Listener, in_thread

PHRASES = ["前方三百米右转", "Turn left onto Main Street.", "到达目的地"]
LONG = "前方道路施工，请减速慢行，注意安全，保持车距，准备靠右行驶。"
PATIENCE_S = 120.0

Begin = Callable[..., Daemon]


@pytest.fixture
def car(tmp_path: Path, alsa_file_pcm: FilePcm) -> Iterator[Begin]:
    """``car(settings)`` is a running daemon without MQTT, whose device plays as fast as it is given sound."""
    made: list[Daemon] = []

    def begin(settings: dict[str, dict[str, object]] | None = None) -> Daemon:
        sections = {"mqtt": {"enabled": False}, "audio": {"device": alsa_file_pcm.device}, **(settings or {})}
        made.append(Daemon(tmp_path / f"car-{len(made)}", 1, sections))
        return made[-1].start()

    yield begin
    for one in made:
        one.close()


def client(daemon: Daemon) -> SpeechClient:
    return SpeechClient(daemon.folder / "run", timeout_s=PATIENCE_S)


def hear_ends(listener: Listener, ends: dict[str, set[str]]) -> None:
    """Collect the terminal events of every announcement until that of the one named "last"."""
    while "last" not in ends:
        _, event = listener.receive()
        if event["event"] in TERMINAL:
            ends.setdefault(event["id"], set()).add(event["event_id"])


def test_preloaded_phrases_are_spoken_from_the_cache_and_in_the_speed_asked_for(car: Begin) -> None:
    with client(car()) as speech:
        assert speech.preload(PHRASES, speed=1.5) == len(PHRASES)
        assert speech.preload(PHRASES, speed=1.5) == 0
        ends = {}
        for speed in (1.5, 1.0):
            handle = speech.say(PHRASES[0], speed=speed)
            assert handle.wait_played(PATIENCE_S)
            ends[speed] = handle.events[-1]
        assert [ends[speed]["cache_hit"] for speed in (1.5, 1.0)] == [True, False]
        assert ends[1.0]["audio_s"] > 1.2 * ends[1.5]["audio_s"]
        with pytest.raises(Rejected, match="not installed"):
            speech.say(PHRASES[0], voice="nobody")
        assert speech.say(PHRASES[0], voice=ends[1.0]["voice"]).wait_played(PATIENCE_S)
        assert speech.status()["state"] == "online"


def test_thousands_of_requests_by_two_clients_with_random_cancels(car: Begin) -> None:
    """Each ends exactly once, and both sides agree how."""
    daemon = car({"announcement": {"max_waiting": 100}})
    n_each = 1_000
    told: list[Handle] = []

    def talk(speech: SpeechClient, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(n_each):
            handle = speech.say(
                dice.choice(PHRASES), priority=dice.choice(["important", "normal", "info", "progress", "emergency"]),
                key=dice.choice([None, None, "turn"]), on_interrupt=dice.choice(["resume", "restart", "drop"]),
                ttl_s=dice.choice([0.2, 60, 60]),
            )
            told.append(handle)
            if dice.random() < 0.3:
                (handle if dice.random() < 0.5 else dice.choice(told)).cancel()
            if dice.random() < 0.01:
                speech.stop()

    listener = Listener(daemon.folder / "run", b"")
    ends: dict[str, set[str]] = {}
    listening = in_thread(lambda: hear_ends(listener, ends))
    with client(daemon) as one, client(daemon) as other:
        one.preload(PHRASES)
        threads = [in_thread(lambda speech=speech, seed=seed: talk(speech, seed)) for seed, speech in enumerate((one, other))]
        for thread in threads:
            thread.join(10 * PATIENCE_S)
        for handle in told:
            handle.wait_played(PATIENCE_S)
        assert len({handle.id for handle in told}) == 2 * n_each
        outcomes = Counter(handle.outcome for handle in told)
        assert outcomes["cancelled"] > 0
        assert outcomes["played"] > 0
        assert set(outcomes) <= TERMINAL
        assert one.say(PHRASES[0], id="last").wait_played(PATIENCE_S)
        listening.join(PATIENCE_S)
        assert {handle.id: len(ends[handle.id]) for handle in told} == {handle.id: 1 for handle in told}
        assert one.status()["queue_length"] == 0
    listener.close()
    assert "Traceback" not in daemon.log()


def test_a_client_killed_in_mid_speech_takes_nothing_along(car: Begin) -> None:
    daemon = car()
    program = (
        "import sys, time\n"
        "from edge_agent.client import SpeechClient\n"
        "speech = SpeechClient(sys.argv[1], timeout_s=120)\n"
        "handle = speech.say(sys.argv[2], id='mine', repeat=10)\n"
        "handle.wait_started()\n"
        "print('speaking', flush=True)\n"
        "time.sleep(600)\n"
    )
    with client(daemon) as speech:
        victim = subprocess.Popen([sys.executable, "-c", program, str(daemon.folder / "run"), LONG], stdout=subprocess.PIPE)
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"speaking\n"
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
        assert speech.say(PHRASES[0]).wait_played(PATIENCE_S)
        assert speech.say(LONG, id="mine").wait_played(PATIENCE_S)  # the same announcement, whose end is known
        assert speech.status()["state"] == "online"


def test_a_daemon_killed_in_mid_speech_tells_the_end_after_its_restart(car: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.client.link.PATIENCE_S", PATIENCE_S)  # a busy machine may take longer to start it
    daemon = car()
    with client(daemon) as speech:
        handle = speech.say(LONG, repeat=3)
        waiting = speech.say(PHRASES[0])
        assert handle.wait_started(PATIENCE_S)
        daemon.kill()
        daemon.start()
        assert handle.wait_played(PATIENCE_S)
        assert waiting.wait_played(PATIENCE_S)


def test_over_the_network_with_keys_and_not_without(car: Begin, tmp_path: Path) -> None:
    settings = {"zmq": {"tcp_host": "127.0.0.1", "tcp_port": free_port(), "socket_dir": str(tmp_path / "run")}}
    daemon = Daemon(tmp_path / "keyed", 1, {"mqtt": {"enabled": False}, **settings})
    assert daemon.cli("keys", "zmq", "server").returncode == 0
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    assert daemon.cli("keys", "zmq", "client", "nav", "--out", str(good)).returncode == 0
    assert daemon.cli("keys", "zmq", "client", "stranger", "--out", str(bad), "--no-allow").returncode == 0
    address = f"tcp://127.0.0.1:{settings['zmq']['tcp_port']}"
    try:
        daemon.start()
        with SpeechClient(address, keys=bad, timeout_s=1.0) as stranger:
            eventually(lambda: "key" in refusal_of(stranger))
        with SpeechClient(address, keys=good, timeout_s=PATIENCE_S) as speech:
            assert speech.say(PHRASES[0]).wait_played(PATIENCE_S)
        assert "zmq connection refused" in daemon.log()
        assert "cause=key" in daemon.log()
    finally:
        daemon.close()


def refusal_of(stranger: SpeechClient) -> str:
    with pytest.raises(NoAnswer) as caught:
        stranger.say(PHRASES[0])
    return str(caught.value)


def test_the_wait_for_what_was_played_lasts_until_it_was(car: Begin) -> None:
    """Also with a daemon that never hears of anything but announcements: no MQTT, and so nobody else to acknowledge events."""
    daemon = car()
    with client(daemon) as speech:
        for number in range(5):
            assert speech.say(PHRASES[number % 3], id=f"n.{number}").wait_played(PATIENCE_S)
    assert daemon.stop() == 0
    started = time.monotonic()
    with SpeechClient(daemon.folder / "run", timeout_s=0.2) as speech, pytest.raises(NoAnswer):
        speech.say(PHRASES[0])
    assert time.monotonic() - started < PATIENCE_S
