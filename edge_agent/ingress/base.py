"""The port through which announcements and commands come in and events go out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from edge_agent.errors import EdgeAgentError
from edge_agent.events import Event
from edge_agent.ingress.commands import Command
from edge_agent.parse import Refusal

State = Literal["online", "degraded", "offline"]


class IngressError(EdgeAgentError):
    """An ingress cannot be started as configured (a broker that is merely away is not an error)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the core made of a request, known once it is durable.

    ``id`` is the announcement's, None where none could be read. ``detail`` holds plain JSON values: the reason of a rejection,
    the ``outcome`` of a duplicate (None while it has not ended).
    """

    status: Literal["accepted", "rejected", "duplicate"]
    id: str | None
    detail: Mapping[str, Any]


def _ignore(verdict: Verdict) -> None:
    """For transports whose peers learn the verdict from the events."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request to speak as it arrived, not yet parsed.

    ``source`` names the way in (``mqtt:<topic>``), ``expiry_s`` is what remained of an MQTT v5 message expiry when the
    message arrived, ``received_at`` is in seconds since the Unix epoch and ``received_monotonic`` on the monotonic clock.
    ``redelivered`` says that the transport may have delivered this message before, because its acknowledgement was lost.
    ``answer`` is called at most once, on the core's thread, and must not block.
    """

    payload: bytes
    source: str
    content_type: str | None
    correlation: bytes | None
    reply_to: str | None
    expiry_s: float | None
    received_at: float
    received_monotonic: float
    redelivered: bool = False
    packet_id: int | None = None
    answer: Callable[[Verdict], None] = _ignore

    def fingerprint(self) -> str:
        """32 hex digits that a redelivery shares with its first delivery.

        Two different messages may share it once packet ids have come round, so it identifies a message only together with
        ``redelivered`` and a recent time: it is for requests that carry no id of their own.
        """
        digest = hashlib.sha256(repr((self.source, self.packet_id, self.correlation)).encode())
        digest.update(self.payload)
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Route:
    """The way back to whoever sent a command."""

    source: str
    send: Callable[[Mapping[str, Any]], None]

    def answer(self, **fields: Any) -> None:
        """Send ``{"cmd": ..., "ok": true, **fields}``; from any thread, never blocks, never raises for a peer that is away."""
        self.send({"ok": True, **fields})

    def refuse(self, reason: str, **fields: Any) -> None:
        """Send ``{"cmd": ..., "ok": false, "reason": reason, **fields}``."""
        self.send({"ok": False, "reason": reason, **fields})


class Inbox(Protocol):
    """The core's side. Every method is called on the ingress's thread and returns at once."""

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        """Take a request; the core parses and journals it on its own thread.

        ``ack`` may be called from any thread and more than once; the core calls it when the request is durable or refused.
        Until then the transport keeps the message and delivers it again after a reconnect or a restart.
        """

    def command(self, command: Command, reply: Route) -> None:
        """Take a validated command; answer by ``reply`` whenever it is done."""

    def refused(self, kind: Refusal) -> None:
        """The ingress has refused a request or a command itself, and has answered it: for counting."""

    def sent(self, event_id: str) -> None:
        """The broker has acknowledged every copy of this terminal event: it may leave the outbox.

        An unknown id is ignored.
        """

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        """The ingress has got or lost its peer; when it has got it, the core publishes its outbox again."""


class Ingress(Protocol):
    name: str

    @property
    def connected(self) -> bool:
        """Whether requests can arrive now."""

    @property
    def problem(self) -> str | None:
        """Why not, or what works only in part: one sentence for a person."""

    def start(self, inbox: Inbox) -> None:
        """Begin to receive.

        Raises:
            IngressError: the configuration cannot work (a certificate is unreadable); not for a peer that is away.
        """

    def stop(self, timeout_s: float = 3.0) -> None:
        """Say goodbye, flush what can be flushed within ``timeout_s``, and end the thread."""

    def publish(self, event: Event) -> None:
        """Send an event to everyone concerned; from any thread, never blocks.

        Without a connection a terminal event is forgotten here, since the core's outbox has it; others wait in a bounded queue.
        """

    def set_status(self, state: State, why: list[str]) -> None:
        """Replace the published status; the newest is sent again after every reconnect."""

    def publish_health(self, health: Mapping[str, Any]) -> None:
        """Replace the published health figures."""

    def reply_problem(self, topic: str) -> str | None:
        """Why this ingress will not send answers to ``topic``, or None; for a ``reply_to`` found in a request's JSON."""
