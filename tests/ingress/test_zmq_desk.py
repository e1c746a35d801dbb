"""Requests by real sockets; the core is busy, cannot write, or fails."""

from __future__ import annotations

import json
import time

import pytest

from edge_agent.client import Rejected, SpeechClient
from edge_agent.ingress import Stop
from tests.rigs.mqtt_peer import eventually
from tests.rigs.zmq_peer import RawPeer, Station


def test_a_core_that_is_busy_is_given_little_at_a_time(station: Station, raw_peer: RawPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.ingress.zmq_window.FORGET_AFTER_S", 3600)
    core = station.core
    core.silent = True
    for number in range(50):
        raw_peer.send(b"1", json.dumps({"verb": "say", "text": "x", "id": f"{number}"}).encode())
    eventually(lambda: len(core.messages) == 4)
    time.sleep(0.2)
    assert len(core.messages) == 4


def test_a_core_that_cannot_write_still_hears_a_stop(station: Station, raw_peer: RawPeer) -> None:
    """Requests wait for a full disk, unanswered; others go past them, up to a number."""
    core = station.core
    core.silent = True
    for number in range(8):
        raw_peer.send(b"1", json.dumps({"verb": "say", "text": "x", "id": f"{number}"}).encode())
    eventually(lambda: len(core.messages) == 8)
    raw_peer.send(b"1", b'{"verb": "stop"}')
    eventually(lambda: core.commands == [Stop()])


def test_too_many_unanswered_requests_are_refused(station: Station, raw_peer: RawPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.ingress.zmq_window.FORGET_AFTER_S", 0)
    station.core.silent = True
    for _ in range(65):
        raw_peer.send(b"1", b'{"verb": "say", "text": "x"}')
    refused = raw_peer.receive()
    assert (refused["ok"], refused["status"]) == (False, "rejected")
    assert "too many" in refused["reason"]
    assert station.core.refusals == ["busy"]


def test_a_request_that_fails_is_answered_and_ends_nothing(station: Station, raw_peer: RawPeer, caplog: pytest.LogCaptureFixture) -> None:
    """Its client would ask the next daemon the same."""
    take = station.core.submit

    def fail(*_arguments: object) -> None:
        raise RuntimeError("a defect")

    station.core.submit = fail  # type: ignore[method-assign]
    with SpeechClient(station.folder, timeout_s=20) as speech, pytest.raises(Rejected, match="internal error"):
        speech.say("x", lang="en")
    for _ in range(64):
        assert "internal error" in raw_peer.ask("say", text="x")["reason"], "none of them is waited for"
    assert station.core.refusals == ["internal"] * 65
    assert "a defect" in caplog.text
    station.core.submit = take  # type: ignore[method-assign]
    assert raw_peer.ask("say", text="x")["status"] == "accepted"
