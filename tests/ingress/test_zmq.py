"""The ingress with real sockets and peers of every kind; only the core is played."""

from __future__ import annotations

import grp
import json
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.client import Keys, NoAnswer, Refused, Rejected, SpeechClient
from edge_agent.events import Event
from edge_agent.ingress import Cancel, Ping, Prewarm, Status, Stop, ZmqConfig, ZmqIngress
from edge_agent.ingress.zmq_doors import LocalDoor
from edge_agent.ingress.zmq_keys import KeysError, make_pair
from tests.rigs.mqtt_peer import eventually
from tests.rigs.zmq_peer import Answering, Listener, RawPeer, Station


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path, tcp=True)
    yield station
    station.stop()


@pytest.fixture
def listen(station: Station) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def begin(*topics: bytes) -> Listener:
        listeners.append(Listener(station.folder, *topics))
        return listeners[-1]

    yield begin
    for one in listeners:
        one.close()


# ---- verbs


def test_say_is_the_announcement_s_own_json(station: Station, raw_peer: RawPeer) -> None:
    answer = raw_peer.ask("say", text="前方三百米右转", id="nav.1", priority="important", speed=1.25)
    assert answer == {"verb": "say", "ref": "r0", "ok": True, "status": "accepted", "id": "nav.1", "queue_length": 0}
    (message,) = station.core.messages
    assert json.loads(message.payload) == {"text": "前方三百米右转", "id": "nav.1", "priority": "important", "speed": 1.25}
    assert (message.source, message.content_type, message.expiry_s, message.packet_id) == ("zmq:local", "application/json", None, None)
    assert message.received_at == pytest.approx(time.time(), abs=60)


def test_say_without_an_id_is_told_the_one_it_was_given(raw_peer: RawPeer) -> None:
    assert len(raw_peer.ask("say", text="x")["id"]) == 32


def test_what_the_core_refuses_and_what_it_knows(station: Station, raw_peer: RawPeer) -> None:
    refused = raw_peer.ask("say", text="x", id="a", speed=9)
    assert (refused["ok"], refused["status"], refused["id"], refused["field"]) == (False, "rejected", "a", "speed")
    station.core.whereabouts.update(b="waiting", c="played")
    for name, outcome in {"b": None, "c": "played"}.items():
        known = raw_peer.ask("say", text="x", id=name)
        assert (known["ok"], known["status"], known["id"], known["outcome"]) == (True, "duplicate", name, outcome)


@pytest.mark.parametrize(
    ("verb", "fields", "command"),
    [
        ("cancel", {"id": "a"}, Cancel(id="a")),
        ("cancel", {"key": "门"}, Cancel(key="门")),
        ("stop", {}, Stop()),
        ("preload", {"texts": ["a", "b"], "lang": "en", "speed": 1.5, "pin": True}, Prewarm(("a", "b"), "en", None, True, 1.5)),
        ("status", {}, Status()),
        ("status", {"ids": ["a", "b"]}, Status(("a", "b"))),
        ("ping", {}, Ping()),
    ],
)
def test_verbs(station: Station, raw_peer: RawPeer, verb: str, fields: dict[str, Any], command: object) -> None:
    assert raw_peer.ask(verb, **fields)["ok"] is True
    assert station.core.commands == [command]


def test_status_and_ping_name_the_run_of_the_daemon(station: Station, raw_peer: RawPeer) -> None:
    first = raw_peer.ask("ping")["instance"]
    assert raw_peer.ask("status")["instance"] == first
    station.stop()
    station.start()
    assert raw_peer.ask("ping")["instance"] != first


def test_a_req_socket_is_served_too(station: Station) -> None:
    peer = RawPeer(station.folder, zmq.REQ)
    assert peer.ask("ping")["ok"] is True
    assert peer.ask("say", text="x")["status"] == "accepted"
    peer.close()


# ---- what is no request


@pytest.mark.parametrize(
    ("frames", "field"),
    [
        ((b"2", b"{}"), "version"),
        ((b"\xff\xff", b"{}"), "version"),
        ((b"1",), "frames"),
        ((), "frames"),
        ((b"1", b"{}", b""), "frames"),
        ((b"1", *[b"{}"] * 2_500), "frames"),
        ((b"",), "frames"),
        ((b"", b"1"), "frames"),
        ((b"1", b"{"), "payload"),
        ((b"1", b"[]"), "payload"),
        ((b"1", b"\xff"), "payload"),
        ((b"1", b'{"verb": "say", "text": "\\ud800"}'), "payload"),
        ((b"1", b"[" * 10_000), "payload"),
        ((b"1", b" " * 16_385), "payload"),
        ((b"1", b"{}"), "verb"),
        ((b"1", b'{"verb": "clear"}'), "verb"),
        ((b"1", b'{"verb": ["say"]}'), "verb"),
        ((b"1", b'{"verb": "ping", "ref": 1}'), "ref"),
        ((b"1", b'{"verb": "ping", "cmd": "stop"}'), '"cmd"'),
        ((b"1", b'{"verb": "ping", "reply_to": "a"}'), '"reply_to"'),
        ((b"1", b'{"verb": "cancel"}'), "id"),
        ((b"1", b'{"verb": "preload", "texts": []}'), "texts"),
        ((b"1", b'{"verb": "status", "ids": ["a b"]}'), "ids"),
        ((b"1", b'{"verb": "say", "text": "a", "text": "b"}'), "payload"),
        ((b"1", b'{"verb": "say", "text": "a", "volume": NaN}'), "payload"),
    ],
)
def test_what_is_no_request_is_told_why(station: Station, raw_peer: RawPeer, frames: tuple[bytes, ...], field: str) -> None:
    raw_peer.send(*frames or (b"",))
    answer = raw_peer.receive()
    assert (answer["ok"], answer["field"]) == (False, field)
    assert answer["reason"]
    assert len(station.core.refusals) == 1
    assert raw_peer.ask("ping")["ok"] is True
    assert not station.core.messages


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Station, RawPeer, RawPeer]]:
    station = Station(tmp_path_factory.mktemp("zmq"))
    hostile, other = RawPeer(station.folder), RawPeer(station.folder)
    yield station, hostile, other
    hostile.close()
    other.close()
    station.stop()


_FRAME = st.binary(max_size=64) | st.sampled_from([b"", b"1", b"{}", b'{"verb":"say"}', b'{"verb":"stop"}'])


@given(st.lists(_FRAME, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_frames_are_survived_and_answered(sturdy: tuple[Station, RawPeer, RawPeer], frames: list[bytes]) -> None:
    _, hostile, other = sturdy
    hostile.send(*frames)
    assert hostile.receive()["ok"] in (True, False)
    assert other.ask("ping")["ok"] is True


def test_a_request_of_very_many_frames_is_read_bit_by_bit_and_not_kept(tmp_path: Path) -> None:
    with zmq.Context() as context:
        door = LocalDoor(context, tmp_path, 0o600, None)
        door.try_to_open(0.0)
        peer = RawPeer(tmp_path, sndhwm=0)
        peer.send(*[b"x"] * 5_000)
        peer.send(b"1", b"{}")
        assert door.requests.poll(60_000)
        received = [door.receive() for _ in range(6)]
        assert received[:5] == [None] * 5, "the thread has other things to do"
        assert received[5] is not None
        assert len(received[5]) == 8
        assert door.requests.poll(60_000)
        assert [frame.bytes for frame in door.receive()[1:]] == [b"1", b"{}"]
        peer.close()
        door.close()


def test_half_frames_and_other_protocols_harm_nobody(station: Station, raw_peer: RawPeer) -> None:
    greeting = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32
    ready = b"\x04\x26\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"
    beginnings = [
        b"",
        greeting[:30],
        b"GET / HTTP/1.1\r\n\r\n",
        os.urandom(500),
        greeting + ready + b"\x01\x01" + b"1",  # more frames promised
        greeting + ready + b"\x00\xff{",  # a longer frame promised
        greeting + ready + b"\x02" + struct.pack(">Q", 1 << 40) + b"{" * 100,  # a terabyte promised
    ]
    held = []
    for beginning in beginnings:
        for hang_up in (True, False):
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(station.folder / "say.sock"))
            one.sendall(beginning)
            if hang_up:
                one.close()
            else:
                held.append(one)
    assert raw_peer.ask("say", text="x")["status"] == "accepted"
    assert len(station.core.messages) == 1
    for one in held:
        one.close()


def test_a_flood_delays_nobody_else(station: Station, raw_peer: RawPeer) -> None:
    """The flooding peer is made to wait; requests of others take their turn between its own."""
    core = station.core
    flooder = RawPeer(station.folder, sndhwm=100_000)
    n_sent = 3_000
    all_sent, accept = threading.Event(), core.submit
    core.submit = lambda message, ack: (all_sent.wait(60), accept(message, ack))
    for number in range(n_sent):
        flooder.send(b"1", json.dumps({"verb": "say", "text": "x", "id": f"flood-{number}"}).encode())
    raw_peer.send(b"1", json.dumps({"verb": "say", "text": "x", "id": "mine-0"}).encode())
    all_sent.set()
    assert raw_peer.receive()["status"] == "accepted"
    for number in range(1, 20):
        assert raw_peer.ask("say", text="x", id=f"mine-{number}")["status"] == "accepted"
    eventually(lambda: len(core.messages) == n_sent + 20, "all requests")
    ids = [json.loads(message.payload)["id"] for message in core.messages]
    assert len(set(ids)) == len(ids)
    assert ids.index("mine-0") < n_sent
    flooder.close()


def test_a_peer_that_reads_nothing_harms_nobody(station: Station, raw_peer: RawPeer) -> None:
    deaf = RawPeer(station.folder)
    deaf.socket.rcvhwm = 1
    for _ in range(2_000):
        deaf.send(b"1", b'{"verb": "ping"}')
    assert raw_peer.ask("ping")["ok"] is True
    deaf.close()


def test_a_peer_that_goes_before_its_answer(station: Station, raw_peer: RawPeer) -> None:
    for _ in range(20):
        gone = RawPeer(station.folder)
        gone.send(b"1", b'{"verb": "ping"}')
        gone.close()
    assert raw_peer.ask("ping")["ok"] is True


# ---- events


def test_events_go_to_who_subscribed_to_the_id(station: Station, listen: Callable[..., Listener]) -> None:
    mine, all_of_them = listen(b"a"), listen(b"")
    station.ingress.publish(Event("started", "b", 1.0, "mqtt:x"))
    station.ingress.publish(Event("played", "a", 2.0, "mqtt:x", event_id="e", detail={"audio_s": 1.5}))
    assert mine.receive() == (b"a", {"event": "played", "id": "a", "at": 2.0, "event_id": "e", "audio_s": 1.5})
    assert [all_of_them.receive()[0] for _ in range(2)] == [b"b", b"a"]


def test_the_greeting_comes_when_earlier_subscriptions_are_in_force(station: Station, listen: Callable[..., Listener]) -> None:
    """What is published right after it is heard, every time."""
    for number in range(30):
        name = f"announcement-{number}"
        listener = listen(name.encode())
        station.ingress.publish(Event("started", name, 1.0, "x"))
        assert listener.receive()[0] == name.encode()


def test_events_are_acknowledged_only_where_nobody_else_does(tmp_path: Path) -> None:
    for number, alone in enumerate((True, False)):
        core = Answering()
        ingress = ZmqIngress(ZmqConfig(tmp_path / str(number), tmp_path), acknowledges=alone)
        ingress.start(core)
        ingress.publish(Event("started", "a", 1.0, "x", event_id="s"))
        ingress.publish(Event("played", "a", 2.0, "x", event_id="p"))
        ingress.stop()
        assert core.delivered == (["p"] if alone else [])


# ---- sockets


def test_sockets_are_for_owner_and_group_only(station: Station) -> None:
    for name in ("say.sock", "events.sock"):
        assert stat.S_IMODE((station.folder / name).stat().st_mode) == 0o660
    assert station.core.links == [(True, None)]
    assert (station.ingress.connected, station.ingress.problem) == (True, None)


def test_a_folder_that_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.ingress.zmq_doors._RETRY_S", 0.02)
    blocked = tmp_path / "run"
    blocked.touch()
    core = Answering()
    ingress = ZmqIngress(ZmqConfig(blocked, tmp_path))
    core.ingress = ingress
    ingress.start(core)
    assert core.links[0][0] is False
    assert "cannot listen at" in str(core.links[0][1])
    blocked.unlink()
    eventually(lambda: core.links[-1] == (True, None))
    peer = RawPeer(blocked)
    assert peer.ask("ping")["ok"] is True
    peer.close()
    ingress.stop()


def test_its_own_group_needs_no_right_to_change_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's sandbox refuses chown, whatever it would do."""

    def refused(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    core = Answering()
    ingress = ZmqIngress(ZmqConfig(tmp_path, tmp_path, group=grp.getgrgid(os.getegid()).gr_name))
    core.ingress = ingress
    ingress.start(core)
    assert core.links == [(True, None)]
    ingress.stop()


def test_a_group_that_does_not_exist(tmp_path: Path) -> None:
    core = Answering()
    ingress = ZmqIngress(ZmqConfig(tmp_path, tmp_path, group="no-such-group"))
    ingress.start(core)
    assert "no group of this system" in str(core.links[0][1])
    assert not (tmp_path / "say.sock").exists()
    ingress.stop()


def test_a_clean_stop_leaves_no_socket(station: Station) -> None:
    station.stop()
    assert not list(station.folder.glob("*.sock"))


def test_the_sockets_of_another_daemon_are_left_to_it(station: Station) -> None:
    other = Station(station.folder)
    station.stop()
    peer = RawPeer(station.folder)
    assert peer.ask("ping")["ok"] is True
    peer.close()
    other.stop()


def test_a_door_that_opened_halfway_leaves_no_socket(tmp_path: Path) -> None:
    (tmp_path / "events.sock").mkdir()
    core = Answering()
    ingress = ZmqIngress(ZmqConfig(tmp_path, tmp_path))
    ingress.start(core)
    assert "cannot listen at" in str(core.links[0][1])
    assert not (tmp_path / "say.sock").exists()
    ingress.stop()


def test_a_socket_left_by_a_crash_is_taken_over(tmp_path: Path) -> None:
    for name in ("say.sock", "events.sock"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / name))
    station = Station(tmp_path)
    assert station.core.links == [(True, None)]
    station.stop()


def test_the_thread_beats(station: Station) -> None:
    before = station.ingress.heartbeat.age_s()
    eventually(lambda: station.ingress.heartbeat.age_s() < before or station.ingress.heartbeat.age_s() < 0.5)
    assert station.ingress.heartbeat.name == "zmq"
    assert station.ingress.heartbeat.alive()


# ---- the network


def test_a_client_on_the_list_is_let_in_under_its_name(network: Station) -> None:
    with SpeechClient(network.address, keys=network.client_file("nav"), timeout_s=20) as speech:
        handle = speech.say("x", lang="en")
        assert handle.wait_played(20)
    assert network.core.messages[0].source == "zmq:nav"


@pytest.mark.parametrize("listed", [False, True])
def test_a_key_that_is_not_on_the_list_or_for_another_server(network: Station, listed: bool) -> None:
    path = network.client_file("nav", allow=listed, server_key=make_pair().public if listed else None)
    with SpeechClient(network.address, keys=path, timeout_s=0.5) as speech:
        with pytest.raises(NoAnswer, match="no answer"):
            speech.ping()
        eventually(lambda: ("protocol" if listed else "key") in network.refused)
    assert not network.core.commands


def test_who_is_refused_is_told_that_its_key_is(network: Station) -> None:
    path = network.client_file("nav", allow=False)
    with SpeechClient(network.address, keys=path, timeout_s=0.5) as speech:
        eventually(lambda: "does not let this client's key in" in why_not(speech.ping))


def why_not(ask: Callable[[], object]) -> str:
    with pytest.raises(NoAnswer) as caught:
        ask()
    return str(caught.value)


@pytest.mark.parametrize("kind", [zmq.DEALER, zmq.SUB])
def test_without_a_key_nothing_is_heard_and_nothing_said(network: Station, kind: int) -> None:
    context = zmq.Context()
    peer = context.socket(kind)
    peer.linger = 0
    peer.connect(f"tcp://127.0.0.1:{network.port + (kind == zmq.SUB)}")
    if kind == zmq.SUB:
        peer.subscribe(b"")
    else:
        peer.send_multipart([b"1", b'{"verb": "stop"}'])
    eventually(lambda: "incomplete" in network.refused)
    network.ingress.publish(Event("played", "a", 1.0, "x"))
    assert not peer.poll(200)
    assert not network.core.commands
    context.destroy(linger=0)


def test_a_handshake_that_is_never_finished_is_counted(network: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_connection(("127.0.0.1", network.port)) as stranger:
        stranger.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03\0" + b"CURVE".ljust(20, b"\0") + b"\0" * 32)
        time.sleep(0.1)
    eventually(lambda: "incomplete" in network.refused)


def test_allowing_and_revoking_need_no_restart(network: Station) -> None:
    path = network.client_file("nav", allow=False)
    keys = Keys.read(path)
    with SpeechClient(network.address, keys=path, timeout_s=20) as speech:
        network.keys.allow("nav", keys.public)
        assert speech.say("x", lang="en").wait_played(20)
        network.keys.revoke("nav")
        with pytest.raises(Rejected, match="was revoked"):
            speech.say("x", lang="en")
    assert len(network.core.messages) == 1
    assert network.core.refusals == ["unauthorised"]


def test_a_name_that_goes_to_a_new_key_leaves_nothing_to_the_old_one(network: Station) -> None:
    """A key was stolen; who has it is connected."""
    stolen = network.client_file("nav")
    with SpeechClient(network.address, keys=stolen, timeout_s=20) as thief:
        assert thief.ping() > 0
        network.keys.revoke("nav")
        network.keys.allow("nav", make_pair().public)
        with pytest.raises(Refused, match="was revoked"):
            thief.stop()
    assert network.core.refusals == ["unauthorised"]


def test_a_garbled_list_lets_nobody_in(network: Station) -> None:
    path = network.client_file("nav")
    (network.folder / "keys" / "clients.json").write_text("{")
    with SpeechClient(network.address, keys=path, timeout_s=1.0) as speech, pytest.raises(NoAnswer):
        speech.ping()


def test_the_network_without_a_server_key_is_an_error(tmp_path: Path) -> None:
    ingress = ZmqIngress(ZmqConfig(tmp_path, tmp_path / "keys", tcp_host="127.0.0.1"))
    with pytest.raises(KeysError, match="edge-agent keys zmq server"):
        ingress.start(Answering())


def test_a_port_that_is_taken_leaves_the_local_door_open(network: Station) -> None:
    other = network.folder / "other"
    core = Answering()
    ingress = ZmqIngress(ZmqConfig(other, network.folder / "keys", tcp_host="127.0.0.1", tcp_port=network.port))
    core.ingress = ingress
    ingress.start(core)
    ((connected, problem),) = core.links
    assert connected
    assert f"cannot listen at {network.address}" in str(problem)
    peer = RawPeer(other)
    assert peer.ask("ping")["ok"] is True
    peer.close()
    ingress.stop()
