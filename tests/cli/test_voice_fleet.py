from __future__ import annotations

import json
import math
from datetime import datetime, timezone

import pytest

from edge_agent.ingress import DeleteVoice
from edge_agent.voices.fleet import Announcement, DeletionOrder, parse_envelope, read_statement
from edge_agent.voices.keys import SecretKey, Signer, Trust
from tests.rigs.depot import Depot
from tests.rigs.mqtt_peer import Peer, eventually


@pytest.fixture
def key(tmp_path):
    """A key file, and who believes it."""
    secret = SecretKey.generate()
    (tmp_path / "depot.key").write_bytes(secret.to_bytes())
    return tmp_path / "depot.key", Trust((Signer("depot", secret.public_key),))


def test_a_pack_is_announced_for_whoever_comes_later_too(edge_agent, broker, key, tmp_path) -> None:
    path, trust = key
    pack = Depot(tmp_path / "depot").pack(8)
    size = pack.stat().st_size
    arguments = ("--voice", "anna", "--seq", "8", "--station", path, "--chunk-kib", "4", "--percent", "25", "--to", "group/platform-2")
    assert edge_agent("voice", "announce", pack, *arguments).out == "announced voice anna 8 to 25 % of group/platform-2\n"
    peer = Peer(broker.port).subscribe("voice/store/#")
    try:
        eventually(lambda: len(peer.received) == 1 + math.ceil(size / 4096))
        chunks = [message.payload for message in peer.received if "/pack/" in message.topic]
        (said,) = [message.payload for message in peer.received if message.topic == "voice/store/group/platform-2/pack"]
    finally:
        peer.close()
    offer = read_statement(Announcement, *parse_envelope(said), trust=trust, now=datetime.now(timezone.utc))
    assert (offer.voice, offer.seq, offer.size, offer.rollout_percent, offer.url) == ("anna", 8, size, 25, None)
    assert sum(map(len, chunks)) == size
    assert max(map(len, chunks)) == 4096


def test_what_no_device_would_take_is_not_announced(edge_agent, broker, key, tmp_path) -> None:
    pack = Depot(tmp_path / "depot").pack(8, sealed=False)
    (tmp_path / "text.vpk").write_bytes(b"a pack " * 1000)

    def announce(path, seq):
        return edge_agent("voice", "announce", path, "--voice", "anna", "--seq", seq, "--station", key[0], "--chunk-kib", "4")

    assert "is voice anna 1.8 (seq 8), and not voice anna 9" in announce(pack, 9).err
    assert "is a draft that nobody signed" in announce(pack.with_name(pack.name.replace("signed", "draft")), 8).err
    assert "text.vpk: " in announce(tmp_path / "text.vpk", 8).err


def test_an_announcement_without_a_place_to_fetch_from_is_a_mistake(edge_agent, key, tmp_path) -> None:
    (tmp_path / "anna.vpk").write_bytes(b"a pack")
    result = edge_agent("voice", "announce", tmp_path / "anna.vpk", "--voice", "anna", "--seq", "8", "--station", key[0])
    assert (result.code, "--url or --chunk-kib" in result.err) == (2, True)


@pytest.mark.parametrize("whom", ["+", "#", "", "group/", "group/+", "kiosk 1", "kiosk-1/cmd"])
def test_who_is_meant_is_a_device_a_group_or_all(edge_agent, key, whom) -> None:
    result = edge_agent("voice", "order-delete", "anna", "--up-to", "8", "--key", key[0], "--to", whom)
    assert (result.code, "is neither all nor group/NAME nor a device's name" in result.err) == (2, True)


def test_a_pack_is_not_put_on_the_broker_before_it_can_be_announced(edge_agent, broker, tmp_path) -> None:
    pack = Depot(tmp_path / "depot").pack(8)
    (tmp_path / "no.key").write_text("no key")
    arguments = ("--voice", "anna", "--seq", "8", "--chunk-kib", "4")
    assert "no.key" in edge_agent("voice", "announce", pack, *arguments, "--station", tmp_path / "no.key").err
    peer = Peer(broker.port).subscribe("voice/store/#")
    peer.publish("voice/store/done", b"")
    eventually(lambda: any(message.topic == "voice/store/done" for message in peer.received))
    peer.close()
    assert len(peer.received) == 1, "what was put there would stay"


def test_a_deletion_is_ordered_and_its_receipts_are_printed(edge_agent, daemon, key) -> None:
    path, trust = key
    answering = daemon(reply=lambda _command, route: route.answer(voice="anna", receipt='{"voice":"anna"}', signature="signed"))
    result = edge_agent("voice", "order-delete", "anna", "--up-to", "8", "--key", path, "--timeout-s", "2", "--device", "kiosk-1")
    assert [json.loads(line) for line in result.lines] == [{"receipt": '{"voice":"anna"}', "signature": "signed"}]
    (command,) = answering.commands
    assert isinstance(command, DeleteVoice)
    now = datetime.now(timezone.utc)
    order = read_statement(DeletionOrder, command.statement.encode(), command.signature.encode(), trust=trust, now=now)
    assert (order.voice, order.up_to, order.devices) == ("anna", 8, ("kiosk-1",))


def test_a_deletion_that_all_refuse_is_no_success(edge_agent, daemon, key) -> None:
    daemon(reply=lambda _command, route: route.refuse("there is no voice 'anna'", device="kiosk-1"))
    result = edge_agent("voice", "order-delete", "anna", "--up-to", "8", "--key", key[0], "--timeout-s", "2")
    assert (result.code, result.out, result.err) == (1, "", "edge-agent: kiosk-1 refuses: there is no voice 'anna'\n")


def test_a_deletion_nobody_answers_is_no_success(edge_agent, daemon, broker, key) -> None:
    order = ("voice", "order-delete", "anna", "--up-to", "8", "--key", key[0], "--timeout-s", "1")
    nobody = edge_agent(*order)
    assert (nobody.code, "listens to voice/store/all/cmd; one that is away" in nobody.err) == (9, True)
    daemon(reply=lambda _command, _route: None)
    silent = edge_agent(*order)
    assert (silent.code, "no device answered within 1 s" in silent.err) == (9, True)


def test_what_is_no_answer_is_passed_over(edge_agent, daemon, broker, key) -> None:
    def spoil(_command, _route) -> None:
        eventually(lambda: peer.received)
        topic = json.loads(peer.received[0].payload)["reply_to"]
        for payload in (b"rubbish", b"[" * 100_000, b"[]", b"{}", b'{"ok": false}'):
            peer.publish_soon(topic, payload)

    peer = Peer(broker.port).subscribe("voice/store/all/cmd")
    daemon(reply=spoil)
    result = edge_agent("voice", "order-delete", "anna", "--up-to", "8", "--key", key[0], "--timeout-s", "2")
    peer.close()
    assert (result.code, result.err) == (1, "edge-agent: a device refuses: refused without a reason\n")
