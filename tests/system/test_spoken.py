"""Published over a real broker, heard on a real ALSA device."""

from __future__ import annotations

import datetime as dt
import subprocess

import pytest

from tests.rigs.daemon import BASE
from tests.rigs.mqtt_peer import eventually
from tests.system.requester import Requester
from tests.system.sound import RATE, find, rms_dbfs, spectral_distance_db, voice_says

MIXED = "请A12号顾客到3号窗口。The train to Shanghai is now boarding."


@pytest.fixture
def requester(mosquitto, alsa_file_pcm, daemon, peer):
    broker = mosquitto()
    requester = Requester(peer(broker.port))
    requester.pcm, requester.broker, requester.daemon = alsa_file_pcm, broker, daemon(broker.port)
    return requester.wait_for_device()


def test_a_mixed_announcement_is_heard_as_the_voice_says_it(requester, tmp_path) -> None:
    first = requester.spoken("first", MIXED)
    # A file takes sound faster than the voice makes it, so the first time there are pauses where the file had to wait.
    second = requester.spoken("second", MIXED)
    assert requester.kinds("second") == ["accepted", "started", "played"]
    assert (first["cache_hit"], second["cache_hit"]) == (False, True)
    requester.daemon.stop()  # closes the file
    wanted = voice_says(MIXED, tmp_path)
    assert [end["audio_s"] for end in (first, second)] == pytest.approx([sum(map(len, wanted)) / RATE] * 2, abs=0.02)
    heard = requester.pcm.captured()
    for segment in wanted:
        at, likeness = find(segment, heard)
        spoken, heard = heard[at : at + len(segment)], heard[at + len(segment) :]
        assert likeness > 0.95
        assert spectral_distance_db(spoken, segment) < 3.0
        assert -30 < rms_dbfs(spoken) < -10
    assert len(heard) < RATE, "in order, and then nothing"


def test_an_ordinary_client_may_send_plain_text(requester) -> None:
    command = ["mosquitto_pub", "-V", "5", "-p", str(requester.broker.port), "-t", f"{BASE}/say", "-q", "1", "-s"]
    subprocess.run(command, input="请到三号窗口".encode(), check=True)
    eventually(lambda: [event for event in requester.events() if event["event"] == "played"])


def test_answers_go_where_the_request_says(requester) -> None:
    reply = f"{BASE.rpartition('/')[0]}/reply/queue-system"
    requester.peer.subscribe(reply)
    requester.say({"text": "请到三号窗口", "id": "a"}, ResponseTopic=reply, CorrelationData=b"ticket 12")
    end = requester.end("a")
    eventually(lambda: [event["event"] for event in requester.peer.on(reply)] == ["accepted", "started", "played"])
    assert requester.peer.on(reply)[-1]["event_id"] == end["event_id"]
    answers = [message for message in requester.peer.received if message.topic == reply]
    assert {message.properties.CorrelationData for message in answers} == {b"ticket 12"}


def test_status_and_health_are_retained_for_whoever_comes_later(requester, peer) -> None:
    late = peer(requester.broker.port).subscribe(f"{BASE}/status", f"{BASE}/health")
    eventually(lambda: late.on(f"{BASE}/status") and late.on(f"{BASE}/health"))
    eventually(lambda: late.on(f"{BASE}/status")[-1]["state"] == "online")  # until it has started it is degraded
    assert late.on(f"{BASE}/health")[-1]["version"]


def test_sigterm_silences_says_goodbye_and_keeps_what_was_not_spoken(requester) -> None:
    requester.spoken("first", "请到三号窗口")
    requester.say({"id": "later", "text": "请到三号窗口", "not_before": _soon()})
    eventually(lambda: requester.kinds("later") == ["accepted"])
    assert requester.daemon.stop() == 0
    eventually(lambda: requester.status() == {**requester.status(), "state": "offline", "why": ["stopped"]})
    assert requester.daemon.manager.count("STOPPING=1") == 1
    assert "level=error" not in requester.daemon.log()
    assert "Traceback" not in requester.daemon.log()
    requester.daemon.start()
    assert requester.end("later")["event"] == "played"


def _soon() -> str:
    return (dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=8)).isoformat()


def test_a_second_daemon_on_the_same_state_is_refused(requester) -> None:
    second = requester.daemon.cli("run")
    assert second.returncode != 0
    assert "in use by another process" in second.stderr
    assert requester.spoken("a", "请到三号窗口")["event"] == "played"
