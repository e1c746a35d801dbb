"""ZeroMQ as an ingress: requests by ROUTER, each answered; events by PUB. See :mod:`edge_agent.wire` for the frames."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import zmq

from edge_agent import wire
from edge_agent.events import Event
from edge_agent.heartbeat import Heartbeat
from edge_agent.ingress.base import Inbox, State
from edge_agent.ingress.outgoing_json import dump
from edge_agent.ingress.zmq_config import ZmqConfig
from edge_agent.ingress.zmq_desk import Desk
from edge_agent.ingress.zmq_doors import Door, Failures, Socket, doors
from edge_agent.ingress.zmq_gate import Gate
from edge_agent.ingress.zmq_keys import KeyRing, KeysError
from edge_agent.wakeup import Wakeup

_LIMIT_S = 10.0
_LONGEST_WAIT_S = 1.0


class ZmqIngress:
    """See :class:`edge_agent.ingress.base.Ingress`. Owns the thread named ``zmq``, and all sockets.

    Args:
        acknowledges: there is no other ingress, so an event counts as delivered once it was published: clients that missed it
            ask for the status.
        on_refused: told the cause of each connection that was refused, in the thread; see :data:`HANDSHAKE_FAILURES`.
    """

    name = "zmq"

    def __init__(self, config: ZmqConfig, *, acknowledges: bool = False, on_refused: Callable[[str], None] = lambda _cause: None) -> None:
        self._config, self._acknowledges = config, acknowledges
        self._keys = KeyRing(config.keys_dir)
        self._failures = Failures(on_refused)
        self._inbox: Inbox | None = None
        self._instance = uuid.uuid4().hex
        self._answers: deque[tuple[Door, list[bytes]]] = deque()
        self._events: deque[tuple[bytes, bytes]] = deque()
        self._wakeup = Wakeup()
        self._stopping = False
        self._doors: list[Door] = []
        self._poller = zmq.Poller()
        self._thread = threading.Thread(target=self._run, name="zmq", daemon=True)
        self.heartbeat = Heartbeat("zmq", _LIMIT_S)

    @property
    def connected(self) -> bool:
        return any(door.open for door in self._doors)

    @property
    def problem(self) -> str | None:
        return "; ".join(door.problem for door in self._doors if door.problem) or None

    def start(self, inbox: Inbox) -> None:
        """Listen, in the background where an address is not there yet.

        Raises:
            KeysError: the network is to be listened to, and there is no usable key for it.
        """
        self._inbox = inbox
        self._desk = Desk(inbox, self._instance, self._keys, self._answer)
        self._context: zmq.Context[Socket] = zmq.Context()
        try:
            pair = None if self._config.tcp_host is None else self._keys.server()
            # Before any guarded socket: without an answerer every key is good.
            self._gate = Gate(self._context, self._keys) if pair else None
            self._doors = doors(self._context, self._config, pair)
        except KeysError:
            self._context.destroy(linger=0)
            self._wakeup.close()
            raise
        # In the caller's thread, so that whoever waits for the daemon to be ready finds the sockets; handed over by start().
        self._open_doors()
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        self._stopping = True
        self._wakeup.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def publish(self, event: Event) -> None:
        self._events.append((event.id.encode(), event.to_json()))
        self._wakeup.wake()
        if event.terminal and self._acknowledges:
            self._core.sent(event.event_id)

    def set_status(self, state: State, why: list[str]) -> None:
        """Nothing to do: the verb ``status`` asks the core itself."""

    def publish_health(self, health: Mapping[str, Any]) -> None:
        """Nothing to do: figures are in the metrics, and over MQTT."""

    def reply_problem(self, topic: str) -> str | None:
        return "ZeroMQ has no topics to answer to; follow the events of the announcement's id"

    # ---- the thread

    def _run(self) -> None:
        try:
            while not self._stopping:
                self.heartbeat.beat()
                self._turn()
        finally:
            for door in self._doors:
                door.close()
            if self._gate is not None:
                self._gate.close()
            self._context.destroy(linger=0)
            self._wakeup.close()

    def _turn(self) -> None:
        self._send()
        self._open_doors()
        pause_s = self._desk.wait_s
        open_doors = [door for door in self._doors if door.open]
        for door in open_doors:
            self._poller.register(door.requests, 0 if pause_s else zmq.POLLIN)
        ready = dict(self._poller.poll(max(1, round(1000 * (pause_s or _LONGEST_WAIT_S)))))
        if self._wakeup.fileno() in ready:
            self._wakeup.drain()
        if self._gate is not None and self._gate.socket in ready:
            self._gate.answer()
        for door in open_doors:
            self._attend(door, ready)

    def _attend(self, door: Door, ready: Mapping[Any, int]) -> None:
        for monitor in door.monitors:
            if monitor in ready:
                self._failures.take(monitor)
        if door.events in ready:
            self._greet(door)
        if door.requests in ready and (received := door.receive()) is not None:
            self._desk.take(door, received)

    def _open_doors(self) -> None:
        now = time.monotonic()
        changed = [door.try_to_open(now) for door in self._doors]
        if any(changed):
            self._watch()
            self._core.link_changed(self.name, self.connected, self.problem)

    def _watch(self) -> None:
        self._poller = zmq.Poller()
        self._poller.register(self._wakeup.fileno(), zmq.POLLIN)
        sockets = [socket for door in self._doors if door.open for socket in (door.requests, door.events, *door.monitors)]
        for socket in [*sockets, *([self._gate.socket] if self._gate else [])]:
            self._poller.register(socket, zmq.POLLIN)

    def _send(self) -> None:
        """What other threads have left for the sockets, which are no other thread's."""
        while self._answers:
            door, frames = self._answers.popleft()
            if door.open:
                door.requests.send_multipart(frames)
        while self._events:
            topic, payload = self._events.popleft()
            for door in self._doors:
                if door.open:
                    door.events.send_multipart([topic, payload])

    def _greet(self, door: Door) -> None:
        frame = door.events.recv()
        if frame[:1] == b"\x01" and frame[1:].startswith(wire.GREETING):
            door.events.send_multipart([frame[1:], dump({"event": "listening", "instance": self._instance})])

    # ---- any thread

    def _answer(self, door: Door, frames: list[bytes]) -> None:
        self._answers.append((door, frames))
        self._wakeup.wake()

    @property
    def _core(self) -> Inbox:
        if self._inbox is None:
            raise RuntimeError("used before start()")
        return self._inbox
