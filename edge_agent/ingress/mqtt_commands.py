"""Commands over MQTT: read strictly, and answered where the response topic or ``reply_to`` says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.ingress.base import Inbox, Route
from edge_agent.ingress.commands import read_command, read_envelope
from edge_agent.ingress.outbound import Outgoing
from edge_agent.ingress.outgoing_json import dump
from edge_agent.ingress.received import Received
from edge_agent.ingress.topics import Topics
from edge_agent.parse import Rejected
from edge_agent.parse.announcement import MAX_CORRELATION_BYTES

log = logging.getLogger(__name__)


class MqttCommands:
    """Hands commands to the core, and answers those that are none itself.

    Args:
        send: takes an answer; from any thread, never blocks.
    """

    def __init__(self, topics: Topics, send: Callable[[Outgoing], None]) -> None:
        self._topics, self._send = topics, send

    def take(self, received: Received, source: str, core: Inbox) -> None:
        """Read one; ``source`` says where it came from."""
        answer = _Answer(self._deliver, received.response_topic, received.correlation)
        route = Route(source, answer.send)
        try:
            if len(received.correlation or b"") > MAX_CORRELATION_BYTES:
                answer.correlation = None
                raise Rejected("correlation", "is too long", f"at most {MAX_CORRELATION_BYTES} bytes")
            values, envelope = read_envelope(received.payload)
            answer.ref, answer.topic = envelope.ref, received.response_topic or envelope.reply_to
            command = read_command(values)
            answer.cmd = command.name
        except Rejected as rejected:
            core.refused(rejected.kind)
            log.info("mqtt command refused topic=%s field=%s reason=%r", received.topic, rejected.field, rejected.reason)
            route.refuse(rejected.reason, field=rejected.field, allowed=rejected.allowed)
            return
        core.command(command, route)

    def _deliver(self, topic: str, correlation: bytes | None, body: Mapping[str, Any]) -> None:
        if problem := self._topics.reply_problem(topic):
            log.warning("mqtt reply withheld cmd=%s topic=%r problem=%r", body.get("cmd"), topic, problem)
            return
        self._send(Outgoing(topic, dump(body), correlation=correlation))


@dataclass
class _Answer:
    """Where the answer to a command goes, filled in as the command is read."""

    deliver: Callable[[str, bytes | None, Mapping[str, Any]], None]
    topic: str | None
    correlation: bytes | None
    ref: str | None = None
    cmd: str | None = None

    def send(self, body: Mapping[str, Any]) -> None:
        if self.topic is not None:
            head = {key: value for key, value in (("cmd", self.cmd), ("ref", self.ref)) if value is not None}
            self.deliver(self.topic, self.correlation, {**head, **body})
