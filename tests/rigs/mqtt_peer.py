"""An ordinary MQTT client, as a till, a queue system or a hub would be, and the core's side of an ingress."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.ingress import Command, Message, Route
from edge_agent.parse import Refusal

_WITHIN_S = 60.0


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait until ``condition()`` holds; fails the test if it never does."""
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.005)


class Peer:
    """Connected when constructed; ``received`` grows as messages arrive."""

    def __init__(
        self,
        port: int,
        *,
        v5: bool = True,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        session_expiry_s: int = 0,
    ) -> None:
        """With ``session_expiry_s`` its subscriptions outlive a restart of a broker that has persistence."""
        self.received: list[paho.MQTTMessage] = []
        self._v5 = v5
        self._subscribed = threading.Event()
        # A session needs a name of its own.
        name = uuid.uuid4().hex if session_expiry_s else ""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5 if v5 else paho.MQTTv311)
        if username is not None:
            self._client.username_pw_set(username, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_socket_open = lambda _c, _u, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.on_message = lambda _c, _u, message: self.received.append(message)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        if session_expiry_s:
            session = Properties(PacketTypes.CONNECT)
            session.SessionExpiryInterval = session_expiry_s
            # Mosquitto 2.0 does not save the session of a client that once asked for a clean start.
            self._client.connect("127.0.0.1", port, clean_start=False, properties=session)
        else:
            self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        eventually(self._client.is_connected, "the peer's connection")

    def subscribe(self, *topics: str) -> Peer:
        self._subscribed.clear()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(_WITHIN_S)
        return self

    def publish(self, topic: str, payload: bytes | str | dict[str, Any], *, retain: bool = False, qos: int = 1, **properties: Any) -> None:
        """Publish and wait for the broker's PUBACK; ``properties`` are MQTT v5 names (``ResponseTopic`` ...)."""
        self.publish_soon(topic, payload, retain=retain, qos=qos, **properties).wait_for_publish(_WITHIN_S)

    def publish_soon(
        self, topic: str, payload: bytes | str | dict[str, Any], *, retain: bool = False, qos: int = 1, **properties: Any
    ) -> paho.MQTTMessageInfo:
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        packed = None
        if properties:
            packed = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(packed, name, value)
        return self._client.publish(topic, body, qos=qos, retain=retain, properties=packed)

    def on(self, topic: str) -> list[Any]:
        """The JSON bodies received on ``topic`` so far."""
        return [json.loads(message.payload) for message in tuple(self.received) if message.topic == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # Else a cycle of references keeps its sockets open until some later test's garbage collection complains of them.
        self._client.on_socket_open = self._client.on_message = self._client.on_subscribe = None


@dataclass
class RecordingInbox:
    """Keeps what the ingress hands over; acknowledges at once if ``acking``."""

    acking: bool = True
    messages: list[Message] = field(default_factory=list)
    acks: list[Callable[[], None]] = field(default_factory=list)
    commands: list[tuple[Command, Route]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    links: list[tuple[str, bool, str | None]] = field(default_factory=list)

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        self.acks.append(ack)
        self.messages.append(message)
        if self.acking:
            ack()

    def command(self, command: Command, reply: Route) -> None:
        self.commands.append((command, reply))

    def refused(self, kind: Refusal) -> None:
        self.refusals.append(kind)

    def sent(self, event_id: str) -> None:
        self.delivered.append(event_id)

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self.links.append((ingress, connected, problem))

    def texts(self) -> list[str]:
        return [message.payload.decode(errors="replace") for message in tuple(self.messages)]
