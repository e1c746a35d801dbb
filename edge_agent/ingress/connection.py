"""One MQTT connection, from TCP connect to close. Used by one thread only; the next connection is a new object.

A fresh client for every connection means that an acknowledgement meant for an earlier one can never be applied to a new
message which happens to have the same packet id: that message would be lost.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.ingress.outbound import Outgoing
from edge_agent.ingress.received import Received

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
# Far above the 16 KiB that are accepted, so that the oversized are answered rather than lost without a word at the broker.
MAX_PACKET_BYTES = 4 * 1024 * 1024
_MAX_IN_FLIGHT = 16
_NEVER_SEND_STORED = 2
_UNSPECIFIED = 0x80
_PROTOCOL_ERROR = 0x82


class Listener(Protocol):
    """Called from inside :meth:`Connection.advance`."""

    def subscribed(self, refused: list[str]) -> None: ...

    def received(self, message: Received, ack: Callable[[], None]) -> None: ...

    def acknowledged(self, packet_id: int, refusal: str | None) -> None: ...


class Connection:
    """Wraps a paho client. ``refusal``, ``close_reason`` and ``unreadable`` tell why it is over, once it is."""

    def __init__(
        self,
        config: MqttConfig,
        *,
        protocol: int,
        tls: ssl.SSLContext | None,
        filters: tuple[str, ...],
        will: Outgoing,
        listener: Listener,
    ) -> None:
        self.refusal: ReasonCode | None = None
        self.close_reason: ReasonCode | None = None
        self.unreadable = False
        self.n_unacknowledged = 0
        self._config = config
        self._listener = listener
        self._filters = filters
        self.v5 = protocol == 5
        self._max_in_flight = _MAX_IN_FLIGHT
        self._max_packet_bytes: int | None = None
        self._client = self._make_client(tls, will)

    def _make_client(self, tls: ssl.SSLContext | None, will: Outgoing) -> paho.Client:
        config = self._config
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=config.effective_client_id,
            clean_session=None if self.v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self.v5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
            # Reconnecting is ours; with True, paho would also go down to MQTT 3.1 by itself.
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)
        if config.username is not None:
            client.username_pw_set(config.username, config.password)
        if tls is not None:
            client.tls_set_context(tls)
        will_properties = self._properties(PacketTypes.WILLMESSAGE, WillDelayInterval=config.will_delay_s)
        client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain, properties=will_properties)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    # What the thread does with it

    def open(self) -> None:
        """Connect and send CONNECT; blocks for at most a few times ``CONNECT_TIMEOUT_S``.

        Raises:
            OSError: no such host, nobody listens, TLS failed (``ssl.SSLError``).
        """
        config = self._config
        if not self.v5:
            self._client.connect(config.host, config.port, config.keepalive_s)
            return
        properties = self._properties(
            PacketTypes.CONNECT,
            SessionExpiryInterval=config.session_expiry_s,
            ReceiveMaximum=config.receive_maximum,
            MaximumPacketSize=MAX_PACKET_BYTES,
        )
        self._client.connect(config.host, config.port, config.keepalive_s, clean_start=False, properties=properties)

    @property
    def socket(self) -> socket.socket | None:
        """The live socket, or None once the connection is over."""
        return cast("socket.socket | None", self._client.socket())

    @property
    def wants_write(self) -> bool:
        return self._client.want_write()

    @property
    def buffered(self) -> bool:
        """Whether TLS has decrypted bytes that no selector can see."""
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    @property
    def max_in_flight(self) -> int:
        return self._max_in_flight

    def advance(self, *, readable: bool, writable: bool) -> None:
        """Do what the socket is ready for, and keep the connection alive."""
        if readable:
            self._client.loop_read()
        if writable:
            self._client.loop_write()
        self._client.loop_misc()

    def unsubscribe(self, topic: str) -> None:
        self._client.unsubscribe(topic)

    def publish(self, publication: Outgoing) -> int | None:
        """Send; returns the packet id to wait for, or None if the broker has said that it would not take such a packet."""
        size = len(publication.payload) + len(publication.topic.encode()) + len(publication.correlation or b"") + 64
        if self._max_packet_bytes is not None and size > self._max_packet_bytes:
            return None
        properties = self._properties(PacketTypes.PUBLISH, PayloadFormatIndicator=1, ContentType="application/json")
        if properties is not None and publication.correlation is not None:
            properties.CorrelationData = publication.correlation
        info = self._client.publish(
            publication.topic,
            publication.payload,
            qos=publication.qos,
            retain=publication.retain,
            properties=properties,
        )
        return info.mid

    def acknowledge(self, packet_id: int) -> None:
        """Send PUBACK, unless the connection is over: then the broker delivers the message again on the next one."""
        if self._client.socket() is not None:
            self.n_unacknowledged -= 1
            self._client.ack(packet_id, 1)

    def leave(self) -> None:
        """Disconnect in good order, so that the broker does not send the will."""
        if self._client.socket() is not None:
            self._client.disconnect()

    def abort(self) -> None:
        """Close the socket now, whatever state it is in; after :meth:`leave` there is usually none left.

        The connection is of no use afterwards.
        """
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        # A client that refers back to us would live, with the sockets it wakes itself by, until a garbage collection.
        self._client.on_socket_open = self._client.on_connect = self._client.on_subscribe = None
        self._client.on_message = self._client.on_publish = self._client.on_disconnect = None

    # What paho calls

    def _on_socket_open(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        # With Nagle's algorithm a QoS 1 exchange waits 40 ms for the peer's delayed TCP acknowledgement, twice.
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, _client: paho.Client, _userdata: Any, flags: paho.ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refusal = reason
            return
        self._max_in_flight = min(_MAX_IN_FLIGHT, getattr(properties, "ReceiveMaximum", _MAX_IN_FLIGHT))
        self._max_packet_bytes = getattr(properties, "MaximumPacketSize", None)
        log.debug("mqtt accepted broker=%s session_present=%s", self._config.address, flags.session_present)
        # On every connect, also with a session: the configuration may have changed since it was made.
        if self.v5:
            options = SubscribeOptions(qos=1, retainHandling=_NEVER_SEND_STORED)
            self._client.subscribe([(topic, options) for topic in self._filters])
        else:
            self._client.subscribe([(topic, 1) for topic in self._filters])

    def _on_subscribe(self, _client: paho.Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        refused = [f"{topic} ({reason})" for topic, reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        self._listener.subscribed(refused)

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.n_unacknowledged += bool(message.qos)
        self._listener.received(Received.of(message), _Once(self.acknowledge, message.mid) if message.qos else _nothing)

    def _on_publish(self, _client: paho.Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        self._listener.acknowledged(mid, str(reason) if reason.is_failure else None)

    def _on_disconnect(
        self, _client: paho.Client, _userdata: Any, flags: paho.DisconnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        # For a socket that just closed, paho makes up "Unspecified error", which tells nobody anything.
        if flags.is_disconnect_packet_from_server or reason.value != _UNSPECIFIED:
            self.close_reason = reason
        self.unreadable = not flags.is_disconnect_packet_from_server and reason.value == _PROTOCOL_ERROR

    def _properties(self, packet: int, **values: Any) -> Properties | None:
        if not self.v5:
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]
        for name, value in values.items():
            setattr(properties, name, value)
        return properties


class _Once:
    """An acknowledgement that cannot be sent twice: by the second time its packet id may belong to another message."""

    def __init__(self, acknowledge: Callable[[int], None], packet_id: int) -> None:
        self._acknowledge = acknowledge
        self._packet_id = packet_id
        self._done = False

    def __call__(self) -> None:
        if not self._done:
            self._done = True
            self._acknowledge(self._packet_id)


def _nothing() -> None:
    """QoS 0 knows no acknowledgement."""
