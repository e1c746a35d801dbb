"""Whatever is published, it is answered, and the daemon goes on speaking."""

from __future__ import annotations

import json

import pytest

from tests.rigs.alsa import FilePcm
from tests.rigs.daemon import BASE, Daemon
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer, eventually
from tests.system.requester import Requester

GOOD = "请到三号窗口"
MEGABYTE = 1024 * 1024

REJECTED: dict[str, bytes] = {
    "empty": b"",
    "only blanks": b" \r\n\t ",
    "oversized": json.dumps({"text": "a" * 20_000}).encode(),
    "not UTF-8": b"\xff\xfe\xfd",
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-8 cut short": GOOD.encode()[:-1],
    "a lone surrogate": b'{"text": "\\ud800"}',
    "deep JSON": b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "broken JSON": b'{"text": "a"',
    "duplicate keys": b'{"text": "a", "text": "b"}',
    "NaN": b'{"text": "a", "speed": NaN}',
    "unknown field": b'{"text": "a", "txet": "b"}',
    "text missing": b'{"lang": "zh"}',
    "text not a string": b'{"text": ["a"]}',
    "text too long": json.dumps({"text": "啊" * 2001}).encode(),
    "volume a string": b'{"text": "a", "volume": "1"}',
    "speed out of range": b'{"text": "a", "speed": 9}',
    "repeat a boolean": b'{"text": "a", "repeat": true}',
    "unknown voice": b'{"text": "a", "voice": "nobody"}',
    "unknown chime": b'{"text": "a", "chime": "gong"}',
    "unknown priority": b'{"text": "a", "priority": "urgent"}',
    "an id that is a path": b'{"text": "a", "id": "../../etc/passwd"}',
    "a reply topic with a wildcard": b'{"text": "a", "reply_to": "voice/#"}',
    "nothing speakable": "。，！？…".encode(),
    "only emoji": "😀🎉👨‍👩‍👧".encode(),
    "only control characters": b"\x01\x02\x07",
    "an unknown tag": b"<speak><script>hello</script></speak>",
    "an entity bomb": b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><speak>&b;</speak>',
    "a tag left open": b"<speak><p>hello</speak>",
}
READ: dict[str, str] = {
    "control characters within": f"\x07{GOOD}\x00\x1b[31m",
    "emoji within": f"{GOOD} 😀",
    "bidirectional overrides": f"\u202e{GOOD}\u202c",
    "full-width and half-width mixed": "请到３号窗口 Ｇａｔｅ 5",
    "one letter two thousand times": "a" * 2000,
    "a word without vowels or end": "x" * 300 + " " + "9" * 300,
    "another script": "Здравствуйте, 请到三号窗口",
    "markup as text": "a < b && c > d",
}


@pytest.fixture(scope="module")
def requester(tmp_path_factory):
    """One daemon for all: it must live through everything."""
    folder = tmp_path_factory.mktemp("bad-input")
    broker = Mosquitto(folder / "broker").start()
    daemon = Daemon(folder / "daemon", broker.port, environ={"ALSA_CONFIG_PATH": str(FilePcm(folder).config)}).start()
    peer = Peer(broker.port)
    requester = Requester(peer).wait_for_device()
    requester.daemon = daemon
    yield requester
    peer.close()
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()
    daemon.close()
    broker.stop()


def outcome_of(requester: Requester, payload: bytes) -> dict:
    """The terminal event of a payload that may carry no usable id: the one that comes before the end of a good one after it."""
    n_before = len(requester.events())
    requester.say(payload)
    marker = f"after-{n_before}"
    requester.say({"id": marker, "text": GOOD})
    assert requester.end(marker)["event"] == "played", "the daemon keeps speaking"
    ends = [event for event in requester.events()[n_before:] if event["id"] != marker and event["event"] not in ("accepted", "started")]
    assert len(ends) == 1, ends
    return ends[0]


@pytest.mark.parametrize("payload", REJECTED.values(), ids=REJECTED.keys())
def test_it_is_rejected_with_the_reason(requester, payload: bytes) -> None:
    event = outcome_of(requester, payload)
    assert event["event"] == "rejected"
    assert event["field"]
    assert event["reason"].startswith(event["field"]) or event["field"] in event["reason"]
    assert event["allowed"]
    assert len(json.dumps(event)) < 2000, "an answer does not repeat what was wrong at length"


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_it_is_read_sensibly(requester, text: str) -> None:
    event = outcome_of(requester, text.encode())
    assert event["event"] == "played", event
    assert 0.2 < event["audio_s"] < 120


def test_a_megabyte_of_one_letter_is_rejected(requester) -> None:
    event = outcome_of(requester, b"a" * MEGABYTE)
    assert event["event"] == "rejected"
    assert "16384" in event["reason"] or "16 KiB" in event["reason"]


def test_bad_commands_are_answered_and_change_nothing(requester) -> None:
    reply = f"{BASE.rpartition('/')[0]}/reply/tests"
    requester.peer.subscribe(reply)
    bad = [b"", b"stop", b"{}", b'{"cmd": "explode"}', b'{"cmd": "volume", "volume": 11}', b'{"cmd": "cancel"}']
    bad += [b'{"cmd": "voice", "voice": "nobody"}']
    for payload in bad:
        requester.peer.publish(f"{BASE}/cmd", payload, ResponseTopic=reply)
    eventually(lambda: len(requester.peer.on(reply)) == len(bad))
    assert all(answer["ok"] is False and answer["reason"] for answer in requester.peer.on(reply))
    assert requester.spoken("after-commands", GOOD)["event"] == "played"


def test_a_retained_announcement_is_ignored(requester) -> None:
    requester.peer.publish(f"{BASE}/say", {"id": "retained", "text": GOOD}, retain=True)
    # The one who was there when it was published hears it; who comes later must not.
    requester.end("retained")
    requester.daemon.stop()
    requester.daemon.start()
    requester.wait_for_device()
    assert requester.spoken("after-retained", GOOD)["event"] == "played"
    assert requester.kinds("retained").count("accepted") == 1
    requester.peer.publish(f"{BASE}/say", b"", retain=True)


def test_a_flood_is_answered_message_by_message(requester) -> None:
    for number in range(300):
        requester.peer.publish_soon(f"{BASE}/say", {"id": f"flood-{number}", "text": GOOD, "ttl_s": 300, "volume": number % 2 * 7})
    kinds = [end["event"] for end in requester.wait_for_ends([f"flood-{number}" for number in range(300)])]
    assert set(kinds[1::2]) == {"rejected"}
    assert set(kinds[0::2]) <= {"played", "dropped"}
    assert requester.spoken("after-flood", GOOD)["event"] == "played"
