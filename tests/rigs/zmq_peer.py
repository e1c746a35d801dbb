"""The core's side of a ZeroMQ ingress, and peers that speak its protocol, or do not."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zmq

from edge_agent.events import Event
from edge_agent.ingress import Cancel, Command, Message, Prewarm, Route, Status, Stop, Verdict, ZmqConfig, ZmqIngress
from edge_agent.ingress.zmq_keys import KeyRing, make_pair, write_client_file
from edge_agent.parse import Refusal, Rejected, parse
from tests.rigs.ports import free_port

WITHIN_MS = 60_000


@dataclass
class Answering:
    """Answers as the core would: requests are parsed and accepted; each then has the events ``kinds``."""

    kinds: tuple[str, ...] = ("accepted", "started", "played")
    silent: bool = False
    ingress: ZmqIngress | None = None
    messages: list[Message] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    links: list[tuple[bool, str | None]] = field(default_factory=list)
    whereabouts: dict[str, str] = field(default_factory=dict)
    on_command: Callable[[Command, Route], bool] = lambda _command, _route: False

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        self.messages.append(message)
        if self.silent:
            return
        ack()
        try:
            name = parse(message.payload, source=message.source, now=message.received_at, content_type=message.content_type).id
        except Rejected as rejected:
            message.answer(Verdict("rejected", rejected.id, rejected.detail()))
            return
        if (known := self.whereabouts.get(name)) is not None:
            message.answer(Verdict("duplicate", None, {"outcome": None if known in ("waiting", "speaking") else known}))
            return
        self.whereabouts[name] = "waiting"
        message.answer(Verdict("accepted", name, {"queue_length": 0}))
        for kind in self.kinds:
            self.event(kind, name)

    def event(self, kind: str, id: str) -> None:
        if kind != "accepted":
            self.whereabouts[id] = "speaking" if kind == "started" else kind
        assert self.ingress is not None
        self.ingress.publish(Event(kind, id, time.time(), "zmq:test"))

    def command(self, command: Command, reply: Route) -> None:
        self.commands.append(command)
        if self.silent or self.on_command(command, reply):
            return
        if isinstance(command, Cancel):
            found = [one for one, state in self.whereabouts.items() if one == command.id and state in ("waiting", "speaking")]
            reply.answer(cancelled=found)
            for one in found:
                self.event("cancelled", one)
        elif isinstance(command, Stop):
            reply.answer(stopped=None)
        elif isinstance(command, Prewarm):
            reply.answer(texts=len(command.texts), segments_made=len(command.texts), texts_failed=0)
        elif isinstance(command, Status):
            reply.answer(state="online", why=[], announcements={one: self.whereabouts.get(one, "unknown") for one in command.ids})
        else:
            reply.answer(state="online", why=[])

    def refused(self, kind: Refusal) -> None:
        self.refusals.append(kind)

    def sent(self, event_id: str) -> None:
        self.delivered.append(event_id)

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self.links.append((connected, problem))


class Station:
    """An ingress with its core, which can be stopped and started again at the same place."""

    def __init__(self, folder: Path, *, tcp: bool = False, **options: Any) -> None:
        self.folder, self.core = folder, Answering()
        self.keys = KeyRing(folder / "keys")
        self.refused: list[str] = []
        self.port = free_port() if tcp else 0
        self._options = options
        if tcp:
            self.keys.make_server()
        self._config = ZmqConfig(folder, folder / "keys", tcp_host="127.0.0.1" if tcp else None, tcp_port=self.port or 5570)
        self.start()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.ingress = ZmqIngress(self._config, on_refused=self.refused.append, **self._options)
        self.core.ingress = self.ingress
        self.ingress.start(self.core)

    def stop(self) -> None:
        self.ingress.stop()

    def client_file(self, name: str, *, allow: bool = True, server_key: str | None = None) -> Path:
        """A client's key file."""
        pair, path = make_pair(), self.folder / f"{name}.json"
        write_client_file(path, name, pair, server_key or self.keys.server().public)
        if allow:
            self.keys.allow(name, pair.public)
        return path


class RawPeer:
    """A client that sends whatever frames it is told to."""

    def __init__(self, folder: Path, kind: int = zmq.DEALER, *, sndhwm: int = 1000) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.linger = 0
        self.socket.sndhwm = sndhwm
        self.socket.connect(f"ipc://{folder}/say.sock")
        self._refs = itertools.count()

    def send(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def receive(self) -> dict[str, Any]:
        assert self.socket.poll(WITHIN_MS), "no answer"
        version, body = self.socket.recv_multipart()[-2:]
        assert version == b"1"
        answer: dict[str, Any] = json.loads(body)
        return answer

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        ref = f"r{next(self._refs)}"
        self.send(b"1", json.dumps({"verb": verb, "ref": ref, **fields}).encode())
        answer = self.receive()
        assert (answer["verb"], answer["ref"]) == (verb, ref)
        return answer

    def close(self) -> None:
        self._context.destroy(linger=0)


class Listener:
    """Subscribes, as any SUB socket can, and collects what it hears."""

    def __init__(self, folder: Path, *topics: bytes) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.rcvhwm = 0  # however late it reads, nothing is lost
        greeting = b"?" + uuid.uuid4().hex.encode()
        for topic in (*topics, greeting):
            self.socket.subscribe(topic)
        self.socket.connect(f"ipc://{folder}/events.sock")
        while self.receive()[0] != greeting:  # something else may have been told before
            pass
        self.socket.unsubscribe(greeting)

    def receive(self) -> tuple[bytes, dict[str, Any]]:
        assert self.socket.poll(WITHIN_MS), "nothing heard"
        topic, body = self.socket.recv_multipart()
        return topic, json.loads(body)

    def close(self) -> None:
        self._context.destroy(linger=0)


def in_thread(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """One on this computer's sockets."""
    station = Station(tmp_path)
    yield station
    station.stop()


@pytest.fixture
def raw_peer(station: Station) -> Iterator[RawPeer]:
    """Somebody at the station's sockets."""
    peer = RawPeer(station.folder)
    yield peer
    peer.close()
