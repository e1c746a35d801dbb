"""The two sockets of a client: DEALER for requests, SUB for events."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from edge_agent import wire
from edge_agent.client.address import Address, Keys
from edge_agent.client.errors import BadKeys

_RECONNECT_MS = (50, 1_000)
_KNOCK_AGAIN_S = 1.0
_REFUSALS = {
    zmq.Event.HANDSHAKE_FAILED_AUTH: "it does not let this client's key in",
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL: "its key is not the one this client knows",
}


class Sockets:
    """For the client's thread only.

    ``refusal`` says why the daemon does not let us in, when it said so. ``n_returns`` counts connections that took the place of a
    lost one, with which requests and answers on their way were lost. ``prefix`` begins all ids made here; their events are
    subscribed to from the start, as ``own`` greets when they are.

    Raises:
        BadKeys: keys are needed and missing, or not needed.
        zmq.ZMQError: no such endpoint can exist.
    """

    def __init__(self, address: Address, keys: Keys | None) -> None:
        if address.secured != (keys is not None):
            raise BadKeys(f"{address.say} {'needs keys' if address.secured else 'takes no keys'}")
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._nonce, self._numbers = uuid.uuid4().hex[:12], itertools.count()
        self._greeted: set[bytes] = set()
        self.prefix = f"{self._nonce}-"
        self.refusal: str | None = None
        self.n_returns = 0
        self._lost = False
        self._knock_at: float | None = None
        self._address = address
        try:
            self.requests = self._connect(zmq.DEALER, address.say, keys)
            self.events = self._connect(zmq.SUB, address.events, keys)
            self._monitor = self.requests.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED | sum(_REFUSALS))
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self.own = self.subscribe(self.prefix)

    def close(self) -> None:
        self.requests.disable_monitor()
        self._context.destroy(linger=0)

    def wait(self, wakeup_fd: int, timeout_ms: int, *, to_send: bool) -> None:
        """Wait until there is something to receive, room to send, or someone wakes us."""
        poller = zmq.Poller()
        poller.register(wakeup_fd, zmq.POLLIN)
        poller.register(self.requests, zmq.POLLIN | (zmq.POLLOUT if to_send and not self._lost else 0))
        poller.register(self.events, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        left_s = None if self._knock_at is None else self._knock_at - time.monotonic()
        poller.poll(timeout_ms if left_s is None else min(timeout_ms, max(1, round(1000 * left_s))))
        while self._monitor.poll(0):
            event = parse_monitor_message(self._monitor.recv_multipart())["event"]
            if event == zmq.EVENT_DISCONNECTED:
                self._lost = True
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.n_returns += self._lost
                self._lost = False
            elif event in _REFUSALS:
                self.refusal = _REFUSALS[event]
                self._knock_at = self._knock_at or time.monotonic() + _KNOCK_AGAIN_S
        if self._knock_at is not None and time.monotonic() >= self._knock_at:
            self._knock_at = None
            self._knock_again()

    def send(self, payload: bytes) -> bool:
        """Send a request; False while there is no connection with room for it."""
        if self._lost:  # libzmq tells so before it stops taking messages for it
            return False
        try:
            self.requests.send_multipart([wire.VERSION, payload], zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def answers(self) -> Iterator[dict[str, Any]]:
        """Answers that have come."""
        for frames in _received(self.requests):
            self.refusal = None
            yield _read(frames)

    def heard(self) -> Iterator[dict[str, Any]]:
        """Events that have come, greetings among them."""
        for frames in _received(self.events):
            if frames[0].startswith(wire.GREETING):
                self._greeted.add(frames[0])
                self.events.unsubscribe(frames[0])
            yield _read(frames)

    def subscribe(self, topic: str) -> bytes:
        """Subscribe to the events of ids that begin so; the greeting that comes when this is in force."""
        greeting = b"%s%s.%d" % (wire.GREETING, self._nonce.encode(), next(self._numbers))
        self.events.subscribe(topic.encode())
        self.events.subscribe(greeting)
        return greeting

    def unsubscribe(self, topic: str) -> None:
        self.events.unsubscribe(topic.encode())

    def in_force(self, greeting: bytes | None) -> bool:
        """Whether a subscription is; None stands for none."""
        return greeting is None or greeting in self._greeted

    def forget(self, greeting: bytes | None) -> None:
        """It has served its purpose."""
        if greeting is not None and greeting != self.own:
            self._greeted.discard(greeting)

    def _knock_again(self) -> None:
        """libzmq gives up for good where it was refused, but the key may be let in one day."""
        for socket, endpoint in ((self.requests, self._address.say), (self.events, self._address.events)):
            with contextlib.suppress(zmq.ZMQError):  # it has given up already
                socket.disconnect(endpoint)
            socket.connect(endpoint)

    def _connect(self, kind: int, endpoint: str, keys: Keys | None) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.linger = 0
        # A request must not lie in wait for a daemon that comes back one day.
        socket.immediate = True
        socket.reconnect_ivl, socket.reconnect_ivl_max = _RECONNECT_MS
        socket.heartbeat_ivl, socket.heartbeat_timeout = wire.HEARTBEAT_MS, wire.DEAD_AFTER_MS
        if keys is not None:
            socket.curve_publickey, socket.curve_secretkey = keys.public.encode(), keys.secret.encode()
            socket.curve_serverkey = keys.server.encode()
        socket.ipv6 = "[" in endpoint
        socket.connect(endpoint)
        return socket


def _received(socket: zmq.Socket[bytes]) -> Iterator[list[bytes]]:
    while True:
        try:
            frames = socket.recv_multipart(zmq.DONTWAIT)
        except zmq.Again:
            return
        yield frames


def _read(frames: list[bytes]) -> dict[str, Any]:
    try:
        body = json.loads(frames[-1])
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
