from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_agent.announcement import Announcement
from edge_agent.cli import main
from edge_agent.events import Event
from edge_agent.ingress import Command, Message, MqttConfig, MqttIngress, Route
from edge_agent.parse import Refusal, Rejected, parse
from tests.rigs.mosquitto import Mosquitto, MosquittoFactory, mosquitto  # noqa: F401 (fixture)
from tests.rigs.mqtt_peer import eventually


@dataclass
class Answering:
    """The core's side of a real ingress: answers each request with the given kinds of event, and each command with ``reply``."""

    kinds: tuple[str, ...] = ("accepted", "started", "played")
    detail: dict[str, Any] = field(default_factory=dict)
    reply: Callable[[Command, Route], None] = lambda _command, route: route.answer()
    ingress: MqttIngress | None = None
    announcements: list[Announcement] = field(default_factory=list)
    expiries_s: list[float | None] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        ack()
        now = time.time()
        try:
            announcement = parse(message.payload, source=message.source, now=now, expiry_s=message.expiry_s)
        except Rejected as rejected:
            self._publish("rejected", rejected.id or "?", rejected.detail())
            return
        self.announcements.append(announcement)
        self.expiries_s.append(message.expiry_s)
        for kind in self.kinds:
            self._publish(kind, announcement.id, self.detail)

    def command(self, command: Command, reply: Route) -> None:
        self.commands.append(command)
        self.reply(command, reply)

    def refused(self, kind: Refusal) -> None:
        pass

    def sent(self, event_id: str) -> None:
        pass

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        pass

    def _publish(self, kind: str, id: str, detail: dict[str, Any]) -> None:
        assert self.ingress is not None
        self.ingress.publish(Event(kind, id, time.time(), "mqtt", detail=detail))


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> Any:
        return json.loads(self.out)


EdgeAgent = Callable[..., Result]


@pytest.fixture
def edge_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> EdgeAgent:
    """``edge_agent("say", "--json", ...)`` runs a command in this process, in a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("EDGE_AGENT__MQTT__SITE", "store")
    monkeypatch.setenv("EDGE_AGENT__MQTT__DEVICE", "kiosk-1")
    monkeypatch.setenv("EDGE_AGENT__ZMQ__SOCKET_DIR", str(tmp_path / "no-daemon"))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "STATE_DIRECTORY", "CACHE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def broker(mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch) -> Mosquitto:  # noqa: F811 (the fixture)
    """A broker that the commands are configured for."""
    running = mosquitto()
    monkeypatch.setenv("EDGE_AGENT__MQTT__PORT", str(running.port))
    return running


@pytest.fixture
def daemon(broker: Mosquitto) -> Iterator[Callable[..., Answering]]:
    """``daemon(**fields of Answering)`` connects to the broker as the daemon does, with ``login`` if it asks for one."""
    running: list[MqttIngress] = []

    def start(login: dict[str, str] | None = None, **options: Any) -> Answering:
        answering = Answering(**options)
        answering.ingress = MqttIngress(MqttConfig(site="store", device="kiosk-1", port=broker.port, **(login or {})))
        running.append(answering.ingress)
        answering.ingress.set_status("online", [])
        answering.ingress.start(answering)
        eventually(lambda: answering.ingress.connected and answering.ingress.problem is None, "the daemon's connection")
        return answering

    yield start
    for ingress in running:
        ingress.stop()


@pytest.fixture
def later() -> Iterator[Callable[[Callable[[], object]], None]]:
    """``later(action)`` does something while a command runs."""
    threads: list[threading.Thread] = []

    def begin(action: Callable[[], object]) -> None:
        thread = threading.Thread(target=action)
        threads.append(thread)
        thread.start()

    yield begin
    for thread in threads:
        thread.join()
