"""Commands that find no broker ask the daemon on this computer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.ingress import Verdict
from tests.cli.conftest import EdgeAgent
from tests.rigs.ports import free_port
from tests.rigs.zmq_peer import Station

_REFUSED = Verdict("rejected", "a", {"field": "voice", "reason": "there is none", "allowed": "default"})


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_AGENT__MQTT__PORT", str(free_port()))
    monkeypatch.setenv("EDGE_AGENT__ZMQ__SOCKET_DIR", str(tmp_path))


@pytest.fixture
def station(no_broker: None, tmp_path: Path) -> Iterator[Station]:
    """A daemon that nothing but its sockets leads to."""
    station = Station(tmp_path)
    yield station
    station.stop()


class TestSay:
    def test_waits_until_it_was_played(self, edge_agent: EdgeAgent, station: Station) -> None:
        result = edge_agent("say", "--priority", "important", "--id", "gate-7", "请37号到5号窗口")
        assert result.code == 0, result.err
        assert [line.split()[1:3] for line in result.lines] == [["accepted", "gate-7"], ["started", "gate-7"], ["played", "gate-7"]]
        assert json.loads(station.core.messages[0].payload) == {"text": "请37号到5号窗口", "priority": "important", "id": "gate-7"}
        assert "no MQTT broker at 127.0.0.1" in result.err
        assert "asking the daemon on this computer" in result.err

    def test_with_mqtt_switched_off_nothing_is_amiss(
        self, edge_agent: EdgeAgent, station: Station, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EDGE_AGENT__MQTT__ENABLED", "false")
        result = edge_agent("say", "--no-wait", "--json", "text")
        assert (result.code, result.json()["event"], result.err) == (0, "accepted", "")

    @pytest.mark.parametrize(("kind", "code"), [("expired", 4), ("superseded", 5), ("cancelled", 6), ("dropped", 7), ("failed", 8)])
    def test_every_end_has_an_exit_status(self, edge_agent: EdgeAgent, station: Station, kind: str, code: int) -> None:
        station.core.kinds = ("accepted", kind)
        result = edge_agent("say", "text")
        assert (result.code, [line.split()[1] for line in result.lines]) == (code, ["accepted", kind])

    def test_one_that_has_ended_is_not_spoken_again(self, edge_agent: EdgeAgent, station: Station) -> None:
        station.core.whereabouts["gate-7"] = "played"
        result = edge_agent("say", "--id", "gate-7", "--json", "text")
        assert result.code == 0
        assert (result.json()["event"], result.json()["outcome"]) == ("duplicate", "played")

    def test_a_rejection_says_why(self, edge_agent: EdgeAgent, station: Station) -> None:
        station.core.submit = lambda message, ack: (ack(), message.answer(_REFUSED))  # type: ignore[method-assign]
        result = edge_agent("say", "--voice", "nobody", "text")
        assert result.code == 3
        assert 'field="voice" reason="there is none"' in result.lines[-1]

    def test_nobody_answers(self, edge_agent: EdgeAgent, station: Station) -> None:
        station.core.silent = True
        result = edge_agent("say", "--answer-timeout-s", 0.2, "text")
        assert result.code == 9
        assert "no answer from the daemon at ipc://" in result.err

    def test_neither_way_is_there(self, edge_agent: EdgeAgent, no_broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
        result = edge_agent("say", "text")
        assert result.code == 10
        assert "no MQTT broker at 127.0.0.1" in result.err
        assert "there is no such socket" in result.err
        monkeypatch.setenv("EDGE_AGENT__ZMQ__ENABLED", "false")
        assert "socket" not in edge_agent("say", "text").err
        monkeypatch.setenv("EDGE_AGENT__MQTT__ENABLED", "false")
        assert "MQTT is switched off, and so is ZeroMQ" in edge_agent("say", "text").err


@pytest.mark.parametrize("command", [("say", "text"), ("listen",), ("status",), ("cache", "prewarm", "text")])
def test_a_socket_left_by_a_daemon_that_was_killed_holds_nobody_up(
    edge_agent: EdgeAgent, no_broker: None, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """``listen`` would have waited for ever."""
    for name in ("say.sock", "events.sock"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / name))
    result = edge_agent(*command)
    assert result.code == 10
    assert f"at {tmp_path}: nobody listens there, so no daemon runs" in result.err


class TestOthers:
    def test_status(self, edge_agent: EdgeAgent, station: Station) -> None:
        result = edge_agent("status")
        assert (result.code, result.lines[0]) == (0, "store/kiosk-1 is online")
        assert edge_agent("status", "--json").json()["status"] == {"state": "online", "why": []}

    def test_listen(self, edge_agent: EdgeAgent, station: Station, later: Callable[[Callable[[], object]], None]) -> None:
        done = threading.Event()

        def publish() -> None:
            while not done.wait(0.02):  # until it has subscribed
                station.core.event("played", "a")

        later(publish)
        result = edge_agent("listen", "--count", 2, "--id", "a")
        done.set()
        assert (result.code, [line.split()[1:3] for line in result.lines]) == (0, [["played", "a"]] * 2)
        assert "events.sock" in result.err

    def test_prewarm(self, edge_agent: EdgeAgent, station: Station) -> None:
        result = edge_agent("cache", "prewarm", "one", "二", "--pin")
        assert (result.code, result.out) == (0, "2 of 2 texts are ready, 2 segments were made for it\n")
        (command,) = station.core.commands
        assert (command.texts, command.pin) == (("one", "二"), True)

    def test_prewarm_in_part(self, edge_agent: EdgeAgent, station: Station) -> None:
        def refuse(_command: object, reply: object) -> bool:
            reply.refuse("'...': nothing to speak", texts=2, segments_made=1, texts_failed=1)
            return True

        station.core.on_command = refuse
        result = edge_agent("cache", "prewarm", "one", "...")
        assert (result.code, result.out) == (1, "1 of 2 texts are ready, 1 segments were made for it\n")
        assert "nothing to speak" in result.err

    def test_prewarm_without_an_answer(self, edge_agent: EdgeAgent, station: Station) -> None:
        station.core.silent = True
        assert edge_agent("cache", "prewarm", "one", "--timeout-s", 1).code == 9
