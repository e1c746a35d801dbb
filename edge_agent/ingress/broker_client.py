"""A short-lived MQTT client for tools: it says, listens and asks, beside a daemon that has a connection of its own."""

from __future__ import annotations

import logging
import math
import queue
import socket
import threading
import time
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import EdgeAgentError
from edge_agent.ingress.connection import MAX_PACKET_BYTES
from edge_agent.ingress.mqtt_config import MqttConfig

log = logging.getLogger(__name__)

_OUTAGE_S = 60
"""How long the broker keeps what we wait for when the connection breaks in between."""
_NO_SUBSCRIBERS = 0x10
_LOOKED_UP_S = 0.25
"""Some brokers look stored messages up on the side, and send them a little after the answer to what was asked later."""
_MOST_UNHEARD_BYTES = 64 << 20
"""Whoever may publish could fill the memory of a client that is busy; what comes beyond this is lost."""
_MESSAGE_BYTES = 1024
"""What an empty message takes."""


class BrokerUnreachable(EdgeAgentError):
    """Nobody answers at the broker's address, or not as a broker does."""


class BrokerRefused(EdgeAgentError):
    """The broker said no: to the login, to a subscription or to a publication."""


class MessageTooLarge(EdgeAgentError):
    """The broker has said that it takes no such messages; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message; ``retained`` if it is the stored one of its topic."""

    topic: str
    payload: bytes
    retained: bool


class BrokerClient:
    """Use as a context manager; reconnects by itself and keeps what it subscribed to.

    Raises:
        BrokerUnreachable, BrokerRefused: from ``with``, and from every method, within ``timeout_s``.
        IngressError: a certificate cannot be used.
    """

    def __init__(self, config: MqttConfig, *, timeout_s: float = 5.0) -> None:
        self._config = config
        self._timeout_s = timeout_s
        self._v5 = config.protocol == 5
        self._topics: list[str] = []
        self._max_packet_bytes: int | None = None
        self._heard = _Unheard()
        self._connected: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        self._granted: queue.SimpleQueue[tuple[int, list[ReasonCode]]] = queue.SimpleQueue()
        self._accepted: queue.SimpleQueue[tuple[int, ReasonCode]] = queue.SimpleQueue()
        self._given_up: queue.SimpleQueue[tuple[int, list[ReasonCode]]] = queue.SimpleQueue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"edge-agent-tool-{uuid.uuid4().hex[:12]}",
            clean_session=None if self._v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311,
        )
        self._client.connect_timeout = timeout_s
        self._client.reconnect_delay_set(1, 10)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda _client, _userdata, mid, reasons, _properties: self._granted.put((mid, reasons))
        self._client.on_unsubscribe = lambda _client, _userdata, mid, reasons, _properties: self._given_up.put((mid, reasons))
        self._client.on_publish = lambda _client, _userdata, mid, reason, _properties: self._accepted.put((mid, reason))
        self._client.on_message = self._on_message

    def __enter__(self) -> BrokerClient:
        config = self._config
        context = config.tls_context()
        if context is not None:
            self._client.tls_set_context(context)
        if config.username is not None:
            self._client.username_pw_set(config.username, config.password)
        properties = self._properties(PacketTypes.CONNECT, SessionExpiryInterval=_OUTAGE_S, MaximumPacketSize=MAX_PACKET_BYTES)
        try:
            self._client.connect(config.host, config.port, config.keepalive_s, properties=properties)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BrokerUnreachable(f"no MQTT broker at {config.address}: {reason}") from error
        self._client.loop_start()
        try:
            reason = self._connected.get(timeout=self._timeout_s)
        except queue.Empty:
            self.close()
            raise BrokerUnreachable(f"what listens at {config.address} does not answer as an MQTT broker") from None
        if reason.is_failure:
            self.close()
            raise BrokerRefused(f"the broker at {config.address} refuses the connection: {reason}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; nothing of us stays at the broker, and this object is of no use any more."""
        self._client.disconnect(properties=self._properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0))
        self._client.loop_stop()
        # It closes the last of its sockets when nothing refers to it. An error's traceback may still refer to us, and a client that
        # refers back to us would live, until a garbage collection.
        self._client.on_connect = self._client.on_message = self._client.on_publish = None
        self._client.on_subscribe = self._client.on_unsubscribe = None
        del self._client

    @property
    def connected(self) -> bool:
        """Whether the broker is there; while it is not, it is tried again and again."""
        return bool(self._client.is_connected())

    def subscribe(self, *topics: str) -> None:
        """Listen to topics from now on; retained messages come first."""
        self._topics += topics
        _, mid = self._client.subscribe([(topic, 1) for topic in topics])
        reasons = self._answer(self._granted, mid, f"the subscription to {', '.join(topics)}")
        for topic, reason in zip(topics, reasons, strict=True):
            if reason.is_failure:
                raise BrokerRefused(f"the broker refuses the subscription to {topic}: {reason}")

    def stored(self, *topics: str) -> dict[str, bytes]:
        """Listen to topics from now on; the latest message of each that has a retained one. Those of other topics are lost meanwhile."""
        self.subscribe(*topics)
        self._round_trip()
        found: dict[str, bytes] = {}
        until = time.monotonic() + _LOOKED_UP_S
        while len(found) < len(topics) and (heard := self.hear(max(0.0, until - time.monotonic()))):
            if heard.topic in topics:
                found[heard.topic] = heard.payload
        return found

    def unsubscribe(self, *topics: str) -> None:
        """Listen to topics no more."""
        self._topics = [topic for topic in self._topics if topic not in topics]
        self._client.unsubscribe(list(topics))

    def publish(self, topic: str, payload: bytes, *, expiry_s: float | None = None, retain: bool = False, binary: bool = False) -> bool:
        """Publish at QoS 1; False if the broker knows that nobody has subscribed (MQTT 5 only).

        Raises:
            MessageTooLarge: for this broker.
        """
        if self._max_packet_bytes is not None and len(topic.encode()) + len(payload) > self._max_packet_bytes:
            # To send it all the same would cost the connection, again and again.
            allowed = f"the broker at {self._config.address} takes messages of at most {self._max_packet_bytes} bytes (max_packet_size)"
            raise MessageTooLarge(f"{allowed}, and the one to {topic} has {len(payload)}")
        properties = self._properties(PacketTypes.PUBLISH, PayloadFormatIndicator=int(not binary))
        if properties is not None and expiry_s is not None:
            properties.MessageExpiryInterval = math.ceil(expiry_s)
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        reason = self._answer(self._accepted, info.mid, f"the message to {topic}")
        if reason.is_failure:
            raise BrokerRefused(f"the broker refuses messages to {topic}: {reason}")
        return reason.value != _NO_SUBSCRIBERS

    def hear(self, timeout_s: float | None = None) -> Heard | None:
        """The next message; None if none came within ``timeout_s`` (None waits for ever)."""
        return self._heard.get(timeout_s)

    def _round_trip(self) -> None:
        """Until all has come that the broker sent before; by the one request that needs no right and changes nothing."""
        _, mid = self._client.unsubscribe(f"{self._config.site}/{uuid.uuid4().hex}")
        self._answer(self._given_up, mid, "the end of a subscription")

    def _answer(self, answers: queue.SimpleQueue[tuple[int, Any]], mid: int | None, what: str) -> Any:
        until = time.monotonic() + self._timeout_s
        while True:
            try:
                answered, answer = answers.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise BrokerUnreachable(f"the broker at {self._config.address} did not acknowledge {what}") from None
            if answered == mid:
                return answer

    def _on_connect(
        self, client: paho.Client, _userdata: Any, flags: paho.ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._max_packet_bytes = getattr(properties, "MaximumPacketSize", None)
        # A broker that was started anew may have forgotten us.
        if self._topics and not reason.is_failure and not flags.session_present:
            client.subscribe([(topic, 1) for topic in self._topics])
        self._connected.put(reason)

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self._heard.put(Heard(message.topic, bytes(message.payload), bool(message.retain)))

    def _properties(self, packet: int, **values: Any) -> Properties | None:
        if not self._v5:
            return None
        properties = Properties(packet)
        for name, value in values.items():
            setattr(properties, name, value)
        return properties


class _Unheard:
    """Messages that nobody has asked for yet, of bounded size. Thread-safe."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._n_bytes = 0

    def put(self, heard: Heard) -> None:
        n_bytes = _MESSAGE_BYTES + len(heard.payload)
        with self._lock:
            if self._n_bytes + n_bytes > _MOST_UNHEARD_BYTES:
                log.warning("mqtt message lost, too many are waiting topic=%s bytes=%d", heard.topic, len(heard.payload))
                return
            self._n_bytes += n_bytes
        self._messages.put(heard)

    def get(self, timeout_s: float | None) -> Heard | None:
        try:
            heard = self._messages.get(timeout=timeout_s)
        except queue.Empty:
            return None
        with self._lock:
            self._n_bytes -= _MESSAGE_BYTES + len(heard.payload)
        return heard


def _send_at_once(_client: paho.Client, _userdata: Any, sock: Any) -> None:
    # Nagle's algorithm would hold every QoS 1 exchange up for 40 ms, twice.
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
