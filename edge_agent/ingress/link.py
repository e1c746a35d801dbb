"""The thread "mqtt": one connection after another, for as long as the daemon lives."""

from __future__ import annotations

import logging
import selectors
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from edge_agent.heartbeat import Heartbeat
from edge_agent.ingress.backoff import Backoff
from edge_agent.ingress.base import IngressError
from edge_agent.ingress.connection import Connection
from edge_agent.ingress.diagnosis import Diagnosis, Ending
from edge_agent.ingress.dialect import Dialect
from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.ingress.outbound import Outbound, Outgoing
from edge_agent.ingress.received import Received
from edge_agent.wakeup import Wakeup

log = logging.getLogger(__name__)

HEARTBEAT_LIMIT_S = 60.0
"""Longer than a name lookup plus TCP connect plus TLS handshake can take, the only things that block the thread."""

_TICK_S = 1.0
_STABLE_AFTER_S = 10.0


class Handler(Protocol):
    """Called on the link's thread."""

    def link_received(self, message: Received, ack: Callable[[], None]) -> None: ...

    def link_delivered(self, durable_id: str) -> None: ...

    def link_changed(self, connected: bool, problem: str | None) -> None: ...


class Link:
    """Owns the thread and every connection; other threads only put work into it.

    A connection counts as ``connected`` once the broker has answered the subscriptions: from then on a request can be heard.
    """

    def __init__(self, config: MqttConfig, handler: Handler, *, filters: tuple[str, ...], will: Outgoing) -> None:
        self.heartbeat = Heartbeat("mqtt", HEARTBEAT_LIMIT_S)
        self._config = config
        self._handler = handler
        self._filters = filters
        self._will = will
        self._dialect = Dialect(config.protocol)
        self._tls: ssl.SSLContext | None = None
        self._backoff = Backoff(config.max_backoff_s)
        self._diagnosis = Diagnosis(config)
        self._outbound = Outbound()
        self._work: deque[Callable[[], None]] = deque()
        self._wakeup = Wakeup()
        self._connection: Connection | None = None
        self._connected = False
        self._connected_at = 0.0
        self._problem: str | None = "not connected yet"
        self._stop_by: float | None = None
        self._thread: threading.Thread | None = None

    # From any thread

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def n_dropped(self) -> int:
        """Events given up because the broker was away for too long."""
        return self._outbound.n_dropped

    def start(self) -> None:
        """Raises:
        IngressError: a certificate cannot be used.
        """
        try:
            self._tls = self._config.tls_context()
        except IngressError:
            self._wakeup.close()  # there will be no thread to do it
            raise
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def stop(self, farewell: Outgoing, timeout_s: float) -> None:
        """Flush what is queued and then ``farewell``, disconnect, end the thread; gives up waiting after ``timeout_s``."""
        if self._thread is None:
            return
        self.send([farewell])
        self._stop_by = time.monotonic() + timeout_s
        self._wakeup.wake()
        # A thread inside a name lookup cannot be interrupted; it is a daemon thread and ends with the process.
        self._thread.join(timeout_s + _TICK_S)
        self._thread = None

    def send(self, publications: Iterable[Outgoing]) -> None:
        """Queue the publications of one event; never blocks."""
        publications = tuple(publications)
        self.soon(lambda: self._outbound.put(publications))

    def soon(self, work: Callable[[], None]) -> None:
        """Run ``work`` on the link's thread; never blocks."""
        self._work.append(work)
        self._wakeup.wake()

    # For the handler, on the link's thread

    def put(self, publication: Outgoing) -> None:
        """Queue a publication that was made on this thread."""
        self._outbound.put([publication])

    def unsubscribe(self, topic: str) -> None:
        """Give up a topic that an earlier configuration left in the session."""
        if self._connection is not None:
            self._connection.unsubscribe(topic)

    # The thread

    def _run(self) -> None:
        try:
            while self._stop_by is None:
                ending = self._connect_once()
                self._outbound.disconnected()
                if self._stop_by is not None:
                    return
                if self._stable():
                    self._backoff.reset()
                self._dialect.learn(ending)
                self._report(False, ending.problem)
                self._wait(self._backoff.next_s(refused=ending.refused))
        finally:
            self._connected = False
            self._wakeup.close()

    def _connect_once(self) -> Ending:
        """Live through one connection."""
        protocol = self._dialect.protocol
        connection = Connection(self._config, protocol=protocol, tls=self._tls, filters=self._filters, will=self._will, listener=self)
        self._connection = connection
        self.heartbeat.beat()
        try:
            try:
                connection.open()
            except (OSError, UnicodeError) as error:
                return self._diagnosis.not_opened(error)
            return self._serve(connection)
        except Exception:
            # The supervision boundary of this thread: whatever happened, the next connection starts from a clean state.
            log.exception("mqtt failed broker=%s", self._config.address)
            return Ending("internal error, see the log")
        finally:
            self._connection = None
            connection.abort()

    def _serve(self, connection: Connection) -> Ending:
        sock = connection.socket
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            interest = 0
            while connection.refusal is None:
                self.heartbeat.beat()
                self._do_work()
                self._flush(connection)
                if self._time_to_leave():
                    if self._connected:  # else the farewell was not sent, and an earlier status would stay: the will is to replace it
                        connection.leave()
                    return Ending("stopped")
                if self._connected and self._dialect.detour_is_over(n_unacknowledged=connection.n_unacknowledged):
                    connection.leave()
                    return Ending("going back to MQTT 5")
                if sock is None or connection.socket is not sock:
                    break
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_write else 0)
                if wanted != interest:
                    (selector.modify if interest else selector.register)(sock, wanted)
                    interest = wanted
                buffered = connection.buffered
                ready = {key.fileobj: mask for key, mask in selector.select(0 if buffered else _TICK_S)}
                self._wakeup.drain()
                mask = ready.get(sock, 0)
                connection.advance(readable=buffered or bool(mask & selectors.EVENT_READ), writable=bool(mask & selectors.EVENT_WRITE))
        return self._diagnosis.over(connection, was_up=self._connected, stable=self._stable())

    def _wait(self, pause_s: float) -> None:
        """Between connections, go on taking in work (which the bounds of the queue apply to) and beating."""
        end = time.monotonic() + pause_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            while self._stop_by is None and (left_s := end - time.monotonic()) > 0:
                self.heartbeat.beat()
                selector.select(min(left_s, _TICK_S))
                self._wakeup.drain()
                self._do_work()

    def _do_work(self) -> None:
        # Only as much as there is now: work that makes work must not keep the socket from its turn.
        for _ in range(len(self._work)):
            self._work.popleft()()

    def _flush(self, connection: Connection) -> None:
        while self._connected and connection.socket is not None and self._outbound.n_in_flight < connection.max_in_flight:
            publication = self._outbound.take()
            if publication is None:
                return
            packet_id = connection.publish(publication)
            if packet_id is None:
                n_bytes = len(publication.payload)
                log.error("mqtt publication is too large for the broker topic=%s n_bytes=%d", publication.topic, n_bytes)
                self._settle(publication)
            else:
                self._outbound.sent(packet_id, publication)

    def _time_to_leave(self) -> bool:
        if self._stop_by is None:
            return False
        done = self._outbound.idle and not self._work
        return done or not self._connected or time.monotonic() >= self._stop_by

    def _stable(self) -> bool:
        return self._connected and time.monotonic() - self._connected_at >= _STABLE_AFTER_S

    def _settle(self, publication: Outgoing) -> None:
        if self._outbound.settled(publication) and publication.durable_id is not None:
            self._handler.link_delivered(publication.durable_id)

    def _report(self, connected: bool, problem: str | None) -> None:
        changed = (connected, problem) != (self._connected, self._problem)
        self._connected, self._problem = connected, problem
        if not changed:
            return
        if problem is None:
            log.info("mqtt connected broker=%s", self._config.address)
        else:
            log.warning("mqtt connected=%s problem=%r", str(connected).lower(), problem)
        self._handler.link_changed(connected, problem)

    # Called by the connection, inside advance()

    def subscribed(self, refused: list[str]) -> None:
        self._outbound.connected()
        self._connected_at = time.monotonic()
        self._dialect.heard()
        self._report(True, f"the broker refused to subscribe us to {', '.join(refused)}" if refused else None)

    def received(self, message: Received, ack: Callable[[], None]) -> None:
        self._dialect.heard()
        try:
            self._handler.link_received(message, lambda: self.soon(ack))
        except Exception:
            # One message must not cost the connection. It stays unacknowledged, so the broker keeps it.
            log.exception("mqtt message failed topic=%s n_bytes=%d", message.topic, len(message.payload))

    def acknowledged(self, packet_id: int, refusal: str | None) -> None:
        publication = self._outbound.acknowledged(packet_id)
        if publication is None:
            return
        if refusal is not None:
            log.warning("mqtt publication refused topic=%s reason=%r", publication.topic, refusal)
        self._settle(publication)
