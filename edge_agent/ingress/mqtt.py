"""MQTT as an ingress: topics and properties on one side, messages, commands and events on the other."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from edge_agent.announcement import Outcome
from edge_agent.events import DUPLICATE, Event
from edge_agent.heartbeat import Heartbeat
from edge_agent.ingress import hermes
from edge_agent.ingress.base import Inbox, Message, State, Verdict
from edge_agent.ingress.link import Link
from edge_agent.ingress.mqtt_commands import MqttCommands
from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.ingress.outbound import Outgoing
from edge_agent.ingress.outgoing_json import dump
from edge_agent.ingress.received import Received
from edge_agent.ingress.topics import HERMES_SAY, Channel
from edge_agent.parse import MAX_PAYLOAD_BYTES, Refusal, Rejected, parse
from edge_agent.parse.announcement import MAX_CORRELATION_BYTES

log = logging.getLogger(__name__)


class MqttIngress:
    """See :class:`edge_agent.ingress.base.Ingress`; the topics are those of :class:`edge_agent.ingress.topics.Topics`."""

    name = "mqtt"

    def __init__(self, config: MqttConfig) -> None:
        self._topics = config.topics()
        self._hermes_site_id = config.hermes_site_id
        self._inbox: Inbox | None = None
        self._status: tuple[State, list[str]] = ("degraded", ["starting"])
        self._leaving = False
        will = self._status_message("offline", ["connection lost"], at=None)
        self._link = Link(config, self, filters=self._topics.filters, will=will)
        self._commands = MqttCommands(self._topics, lambda answer: self._link.send([answer]))

    @property
    def connected(self) -> bool:
        return self._link.connected

    @property
    def problem(self) -> str | None:
        return self._link.problem

    @property
    def heartbeat(self) -> Heartbeat:
        """Of the thread "mqtt"."""
        return self._link.heartbeat

    @property
    def n_dropped(self) -> int:
        """Events other than terminal ones that were given up because the broker was away."""
        return self._link.n_dropped

    def start(self, inbox: Inbox) -> None:
        """Connect in the background; a broker that is away is tried again for ever.

        Raises:
            IngressError: a certificate cannot be used.
        """
        self._inbox = inbox
        self._send_status()
        self._link.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        self._leaving = True
        self._link.stop(self._status_message("offline", ["stopped"], at=time.time()), timeout_s)

    def publish(self, event: Event) -> None:
        self._publish(event, durable_id=event.event_id if event.terminal else None)

    def _publish(self, event: Event, *, durable_id: str | None) -> None:
        payload = event.to_json()
        copies: list[tuple[str, bytes, bytes | None]] = [(self._topics.event, payload, None)]
        if event.reply_to is not None:
            problem = self._topics.reply_problem(event.reply_to)
            if problem is None:
                copies.append((event.reply_to, payload, event.correlation))
            else:
                log.warning("mqtt reply withheld id=%s topic=%r problem=%r", event.id, event.reply_to, problem)
        if event.terminal and event.source == _source(HERMES_SAY):
            copies += [(topic, answer, None) for topic, answer in hermes.answers(event)]
        self._link.send(Outgoing(topic, body, correlation=correlation, durable_id=durable_id) for topic, body, correlation in copies)

    def set_status(self, state: State, why: list[str]) -> None:
        self._status = (state, list(why))
        self._send_status()

    def publish_health(self, health: Mapping[str, Any]) -> None:
        self._link.send([Outgoing(self._topics.health, dump(health), retain=True)])

    def reply_problem(self, topic: str) -> str | None:
        return self._topics.reply_problem(topic)

    # Called by the link, on its thread

    def link_changed(self, connected: bool, problem: str | None) -> None:
        self._send_status()
        self._core.link_changed(self.name, connected, problem)

    def link_delivered(self, durable_id: str) -> None:
        self._core.sent(durable_id)

    def link_received(self, message: Received, ack: Callable[[], None]) -> None:
        channel = self._topics.channel(message.topic)
        if channel is None:
            log.info("mqtt topic is no longer ours, unsubscribing topic=%s", message.topic)
            self._link.unsubscribe(message.topic)
            ack()
        elif message.retained:
            # It was said at some time in the past, to whoever listened then.
            log.info("mqtt retained message ignored topic=%s", message.topic)
            ack()
        elif channel is Channel.COMMAND:
            self._commands.take(message, _source(message.topic), self._core)
            ack()
        else:
            self._take_request(channel, message, ack)

    def _take_request(self, channel: Channel, received: Received, ack: Callable[[], None]) -> None:
        message = Message(
            payload=received.payload,
            source=_source(received.topic),
            content_type=received.content_type,
            correlation=received.correlation,
            reply_to=received.response_topic,
            expiry_s=received.expiry_s,
            received_at=time.time(),
            received_monotonic=time.monotonic(),
            redelivered=received.duplicate,
            packet_id=received.packet_id,
        )
        if not received.duplicate:
            # A broker that delivers again asks nothing; a peer that says the same id again waits for an end that has been.
            message = replace(message, answer=partial(self._answer, message))
        try:
            self._check(message)
            if channel is Channel.HERMES:
                said = hermes.read_say(message.payload, self._hermes_site_id)
                if said is None:
                    ack()
                    return
                message = replace(message, payload=said.payload, content_type="application/json", correlation=said.correlation)
        except Rejected as rejected:
            self._refuse(message, rejected)
            ack()
            return
        self._core.submit(message, ack)

    def _check(self, message: Message) -> None:
        """What is checked before a message may take up memory in the core.

        Raises:
            Rejected: oversized, or an answer is wanted where none may go.
        """
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            # The parser refuses by size alone and knows how to name the request in its answer.
            parse(
                message.payload,
                source=message.source,
                now=message.received_at,
                correlation=message.correlation,
                reply_to=message.reply_to,
            )
        if message.reply_to is not None and (problem := self._topics.reply_problem(message.reply_to)):
            allowed = "a topic of your own, such as voice/<site>/reply/<name>"
            raise Rejected("reply_to", f"cannot be used: {problem}", allowed, kind=Refusal.UNAUTHORISED)

    def _answer(self, message: Message, verdict: Verdict) -> None:
        if verdict.status == DUPLICATE and verdict.id is not None:
            reply_to, correlation = message.reply_to, message.correlation
            self.publish(Event(DUPLICATE, verdict.id, time.time(), message.source, reply_to, correlation, dict(verdict.detail)))

    def _refuse(self, message: Message, rejected: Rejected) -> None:
        self._core.refused(rejected.kind)
        log.info("mqtt rejected source=%s field=%s reason=%r", message.source, rejected.field, rejected.reason)
        reply_to = rejected.reply_to or message.reply_to
        event = Event(
            kind=Outcome.REJECTED.value,
            id=rejected.id or uuid.uuid4().hex,
            at=message.received_at,
            source=message.source,
            reply_to=reply_to if reply_to is not None and self._topics.reply_problem(reply_to) is None else None,
            correlation=message.correlation if len(message.correlation or b"") <= MAX_CORRELATION_BYTES else None,
            detail=rejected.detail(),
        )
        # The core has no copy of it, and what waited at the broker comes before events may go out: it is kept here until they may.
        self._publish(event, durable_id=None)

    # Status

    def _send_status(self) -> None:
        # Put together on the link's thread, so that of two changes from two threads the newer one is published last.
        self._link.soon(self._put_status)

    def _put_status(self) -> None:
        if self._leaving:  # the farewell is the last word, whatever other parts still report while they are being stopped
            return
        state, why = self._status
        if self._link.connected and (problem := self._link.problem):
            why = [*why, problem]
            state = "degraded" if state == "online" else state
        self._link.put(self._status_message(state, why, at=time.time()))

    def _status_message(self, state: State, why: list[str], *, at: float | None) -> Outgoing:
        # The will is written long before it is sent, so it cannot know the time.
        moment = {} if at is None else {"at": round(at, 3)}
        return Outgoing(self._topics.status, dump({"state": state, "why": why, **moment}), retain=True)

    @property
    def _core(self) -> Inbox:
        if self._inbox is None:
            raise RuntimeError("the link called before start()")
        return self._inbox


def _source(topic: str) -> str:
    return f"mqtt:{topic}"
