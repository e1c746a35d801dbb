from __future__ import annotations

import dataclasses
import json

import pytest

from edge_agent.voices.fleet import Announcement, DeletionOrder, StatementRefused, parse_envelope, read_statement, to_bytes, wrap
from edge_agent.voices.keys import SecretKey, Signer, Trust
from tests.rigs.depot import NOW

KEY = SecretKey.generate()
OFFER = Announcement("anna", 7, 1000, "ab" * 32, "2027-01-01T00:00:00Z", url="https://depot.example/anna.vpk")
ORDER = DeletionOrder("anna", 7, ("kiosk-1",), "2027-01-01T00:00:00Z")


def trust(*roles: str, voices: tuple[str, ...] | None = None) -> Trust:
    return Trust((Signer("depot", KEY.public_key, roles, voices),))


def read(statement: object, content: bytes | None = None, believed: Trust | None = None, signature: bytes | None = None) -> object:
    original = to_bytes(statement)
    signature = KEY.sign(original, "test") if signature is None else signature
    believed = believed or trust("station", "consent")
    return read_statement(type(statement), content or original, signature, trust=believed, now=NOW)


@pytest.mark.parametrize("statement", [OFFER, ORDER])
def test_what_was_signed_is_believed(statement) -> None:
    assert read(statement) == statement
    content, signature = to_bytes(statement), KEY.sign(to_bytes(statement), "test")
    assert parse_envelope(json.dumps(wrap(content, signature)).encode()) == (content, signature)


@pytest.mark.parametrize(
    ("statement", "believed", "reason"),
    [
        (OFFER, trust("author", "consent"), "untrusted"),
        (ORDER, trust("station"), "untrusted"),
        (ORDER, trust("author", voices=("berta",)), "untrusted"),
        (ORDER, Trust(), "untrusted"),
        (OFFER, Trust((), {KEY.public_key: "stolen"}), "revoked"),
        (dataclasses.replace(OFFER, expires="2026-01-01T00:00:00Z"), None, "expired"),
    ],
)
def test_what_may_not_be_said_is_refused(statement, believed, reason: str) -> None:
    with pytest.raises(StatementRefused) as error:
        read(statement, believed=believed)
    assert error.value.reason == reason


def test_every_changed_byte_is_noticed() -> None:
    content = to_bytes(ORDER)
    signature = KEY.sign(content, "test")
    for position in range(0, len(content), 3):
        changed = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
        with pytest.raises(StatementRefused) as error:
            read(ORDER, changed, signature=signature)
        assert error.value.reason == "forged"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "voice-deletion-order/1"}, {"voice": "../x"}, {"voice": 3}, {"seq": 0}, {"seq": True}, {"size": 1 << 40},
        {"sha256": "x"}, {"expires": "tomorrow"}, {"expires": "2027-99-01T00:00:00Z"}, {"url": "file:///etc/passwd"},
        {"url": None}, {"chunk_bytes": 1}, {"rollout_percent": 101}, {"choose": 1}, {"more": 1}, {"voice": None},
    ],
)  # fmt: skip
def test_a_signed_absurdity_is_refused(change: dict) -> None:
    content = json.dumps({**json.loads(to_bytes(OFFER)), **change}).encode()
    with pytest.raises(StatementRefused) as error:
        read_statement(Announcement, content, KEY.sign(content, "test"), trust=trust("station"), now=NOW)
    assert error.value.reason == "malformed"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b"\xff", b"[" * 9000, b'{"statement": 1, "signature": ""}', b'"' + b"x" * 20_000 + b'"']
)
def test_what_is_no_envelope_is_refused(payload: bytes) -> None:
    with pytest.raises(StatementRefused):
        parse_envelope(payload)


def test_a_staged_release_grows_and_never_shrinks() -> None:
    devices = [f"device-{number}" for number in range(400)]
    before: set[str] = set()
    for percent in (0, 10, 50, 100):
        reached = {each for each in devices if dataclasses.replace(OFFER, rollout_percent=percent).reaches(each)}
        assert before <= reached
        assert abs(len(reached) - 4 * percent) <= 40
        before = reached
    assert len(before) == 400


def test_an_order_names_its_devices() -> None:
    assert ORDER.is_for("kiosk-1") and not ORDER.is_for("kiosk-2")
    assert dataclasses.replace(ORDER, devices=("*",)).is_for("kiosk-2")
