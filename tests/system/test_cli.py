"""The command line against the daemon that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import soundfile

from edge_agent.cli import ExitCode
from tests.rigs.alsa import FilePcm
from tests.rigs.daemon import DEVICE, SITE, Daemon
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer
from tests.system.requester import Requester

TEXT = "请到三号窗口"


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    broker = Mosquitto(folder / "broker").start()
    device = Daemon(folder / "daemon", broker.port, environ={"ALSA_CONFIG_PATH": str(FilePcm(folder).config)}).start()
    peer = Peer(broker.port)
    Requester(peer).wait_for_device()
    yield device
    peer.close()
    device.close()
    broker.stop()


def test_say_waits_until_it_was_played(device) -> None:
    done = device.cli("say", "--json", "--id", "said", TEXT)
    assert done.returncode == ExitCode.OK, done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["accepted", "started", "played"]


def test_an_id_that_has_been_is_answered_at_once_and_not_spoken_again(device) -> None:
    once, again = (device.cli("say", "--json", "--id", "twice", TEXT) for _ in range(2))
    assert (once.returncode, again.returncode) == (ExitCode.OK, ExitCode.OK)
    (answer,) = map(json.loads, again.stdout.splitlines())
    assert (answer["event"], answer["outcome"]) == ("duplicate", "played")


def test_say_reads_standard_input_and_speaks_ssml(device) -> None:
    done = device.cli("say", "-", stdin="<speak>请到<break time='200ms'/>三号窗口</speak>")
    assert done.returncode == ExitCode.OK, done.stderr
    assert "played" in done.stdout


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--chime", "gong", TEXT], 3, "chime"),
    (["--voice", "nobody", TEXT], 3, "nobody"),
    (["。。。"], 3, "no word to speak"),
])
def test_say_tells_why_it_was_rejected(device, arguments: list[str], code: int, words: str) -> None:
    done = device.cli("say", *arguments)
    assert done.returncode == code
    assert words in done.stdout + done.stderr


def test_listen_follows(device) -> None:
    command = [sys.executable, "-u", "-m", "edge_agent", "--config", str(device.config), "listen"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ) as listener:
        try:
            lines: list[str] = []
            for number in range(50):  # until it has subscribed, nothing reaches it
                device.cli("say", "--id", f"heard-{number}", TEXT)
                os.set_blocking(listener.stdout.fileno(), False)
                lines += listener.stdout.readlines()
                if any("heard-" in line and "played" in line for line in lines):
                    break
            else:
                pytest.fail(f"listen told nothing: {lines}")
        finally:
            listener.terminate()


def test_status_tells_that_it_is_online(device) -> None:
    done = device.cli("status", "--json")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["device"], told["status"]["state"]) == (f"{SITE}/{DEVICE}", "online")
    assert told["health"]["uptime_s"] > 0


def test_prewarm_through_the_daemon_and_list(device) -> None:
    done = device.cli("cache", "prewarm", "请到八号窗口", "请到九号窗口")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    listed = device.cli("cache", "list")
    assert "请到八号窗口" in listed.stdout
    said = device.cli("say", "--json", "请到九号窗口")
    assert json.loads(said.stdout.splitlines()[-1])["cache_hit"] is True
    stats = device.cli("cache", "stats")
    assert stats.returncode == ExitCode.OK


def test_say_to_a_file_needs_no_daemon_and_sounds_as_long(device, tmp_path) -> None:
    done = device.cli("say", "--out", str(tmp_path / "a.wav"), TEXT)
    assert done.returncode == ExitCode.OK, done.stderr
    said = device.cli("say", "--json", TEXT)
    audio_s = json.loads(said.stdout.splitlines()[-1])["audio_s"]
    assert soundfile.info(tmp_path / "a.wav").duration == pytest.approx(audio_s, abs=0.05)


def test_status_after_the_end(device) -> None:
    """Runs last: the daemon is stopped."""
    assert device.stop() == 0
    done = device.cli("status")
    assert done.returncode == ExitCode.OFFLINE
    assert "stopped" in done.stdout
    unheard = device.cli("say", "--answer-timeout-s", "1", TEXT)
    assert unheard.returncode == ExitCode.NO_ANSWER
