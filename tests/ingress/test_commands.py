from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ingress.commands import (
    COMMANDS,
    Cancel,
    Clear,
    Command,
    Envelope,
    Ping,
    Prewarm,
    Stop,
    Voice,
    Volume,
    read_command,
    read_envelope,
)
from edge_agent.parse import Rejected


def test_every_command_on_the_wire():
    assert COMMANDS == ("stop", "cancel", "clear", "volume", "prewarm", "voice", "delete_voice", "ping")


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"cmd": "stop"}, Stop()),
        ({"cmd": "cancel", "id": "a.1"}, Cancel(id="a.1")),
        ({"cmd": "cancel", "key": "门"}, Cancel(key="门")),
        ({"cmd": "clear"}, Clear()),
        ({"cmd": "volume", "volume": 0}, Volume(0.0)),
        ({"cmd": "prewarm", "texts": ["你好", "hello"]}, Prewarm(("你好", "hello"))),
        (
            {"cmd": "prewarm", "texts": ["x"], "lang": "en", "voice": "v1", "pin": True},
            Prewarm(("x",), lang="en", voice="v1", pin=True),
        ),
        ({"cmd": "voice", "voice": "xiaoya"}, Voice("xiaoya")),
        ({"cmd": "ping", "ref": "r 1", "reply_to": "a/b"}, Ping()),
    ],
)
def test_reads(body, command):
    assert read_command(body) == command
    assert command.name == body["cmd"]


def test_envelope():
    _, envelope = read_envelope(b'{"cmd": "ping", "ref": "r 1", "reply_to": "a/b"}')
    assert envelope == Envelope(ref="r 1", reply_to="a/b")
    assert read_envelope(b"{}")[1] == Envelope()


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({}, "cmd", "is missing"),
        ({"cmd": "reboot"}, "cmd", 'is "reboot"'),
        ({"cmd": 1}, "cmd", "is 1"),
        ({"cmd": None}, "cmd", "is null"),
        ({"cmd": "stop", "id": "a"}, '"id"', "is not a field of stop"),
        ({"cmd": "cancel"}, "id", "or key is missing"),
        ({"cmd": "cancel", "id": "a", "key": "b"}, "id", "given together"),
        ({"cmd": "cancel", "id": "a b"}, "id", 'is "a b"'),
        ({"cmd": "volume"}, "volume", "is missing"),
        ({"cmd": "volume", "volume": True}, "volume", "is true"),
        ({"cmd": "volume", "volume": 1.01}, "volume", "is 1.01"),
        ({"cmd": "volume", "volume": "1"}, "volume", 'is "1"'),
        ({"cmd": "prewarm", "texts": "hello"}, "texts", "is not a list"),
        ({"cmd": "prewarm", "texts": []}, "texts", "has 0 entries"),
        ({"cmd": "prewarm", "texts": ["x"] * 201}, "texts", "has 201 entries"),
        ({"cmd": "prewarm", "texts": ["x", ""]}, "texts", "[1] is empty"),
        ({"cmd": "prewarm", "texts": ["x", 5]}, "texts", "[1] is a number"),
        ({"cmd": "prewarm", "texts": ["x"], "pin": 1}, "pin", "is 1"),
        ({"cmd": "voice", "voice": "../../etc"}, "voice", 'is "../../etc"'),
    ],
)
def test_refuses(body, field, problem):
    with pytest.raises(Rejected) as caught:
        read_command(body)
    assert caught.value.field == field
    assert problem in caught.value.problem
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("payload", "field"),
    [(b'{"ref": ""}', "ref"), ('{"ref": "é"}'.encode(), "ref"), (b'{"reply_to": "a/#"}', "reply_to"), (b"[]", "payload")],
)
def test_refuses_a_bad_envelope(payload, field):
    with pytest.raises(Rejected) as caught:
        read_envelope(payload)
    assert caught.value.field == field


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=10,
)
_fields = st.sampled_from(["id", "key", "volume", "texts", "lang", "voice", "pin", "ref", "reply_to", "x"])


@given(st.sampled_from(COMMANDS) | _json, st.dictionaries(_fields, _json, max_size=4))
def test_whatever_comes_is_a_command_or_rejected(cmd, fields):
    payload = json.dumps({"cmd": cmd, **fields}).encode()
    with contextlib.suppress(Rejected):
        values, _ = read_envelope(payload)
        command = read_command(values)
        assert isinstance(command, Command)
        assert command.name == cmd


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_rejected_or_an_object(payload):
    with contextlib.suppress(Rejected):
        values, _ = read_envelope(payload)
        assert isinstance(values, dict)
