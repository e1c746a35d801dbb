"""Asking a daemon to speak, and waiting for what becomes of it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import click

from edge_agent.announcement import Outcome
from edge_agent.cli.exit_codes import OUTCOMES, ExitCode
from edge_agent.cli.listen import in_words, read_event
from edge_agent.cli.output import print_json_line
from edge_agent.config import Config
from edge_agent.events import ACCEPTED, DUPLICATE, TERMINAL
from edge_agent.ingress.broker_client import BrokerClient
from edge_agent.parse import Rejected, parse

_LONGEST_SPEECH_S = 1800.0
"""Ten repetitions of the longest text; nothing that began in time takes longer."""


def announce(config: Config, request: dict[str, Any], *, wait: bool, answer_timeout_s: float, as_json: bool) -> int:
    """Publish ``request`` (the announcement's JSON fields), print its events, and return the exit status."""
    mqtt = config.mqtt.build()
    topics = mqtt.topics()
    request.setdefault("id", uuid.uuid4().hex)
    ttl_s = request.get("ttl_s")
    payload = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    try:
        # The daemon's own parser: what it would reject need not travel, and a bad id would find no way back.
        parse(payload, source="command line", now=time.time())
    except Rejected as rejected:
        click.echo(f"edge-agent: {rejected}", err=True)
        return ExitCode.REJECTED
    with BrokerClient(mqtt) as client:
        client.subscribe(topics.event)
        # A lifetime of whole seconds also tells the broker when to forget the message, should the daemon be away.
        expiry_s = ttl_s if ttl_s is not None and ttl_s == int(ttl_s) else None
        if not client.publish(f"voice/{mqtt.site}/{mqtt.device}/say", payload, expiry_s=expiry_s):
            click.echo(f"edge-agent: no daemon {mqtt.site}/{mqtt.device} is connected to {mqtt.address}", err=True)
            return ExitCode.NO_ANSWER
        patience_s = (ttl_s or config.announcement.ttl_s) + _LONGEST_SPEECH_S
        for event in _events(client, request["id"], answer_timeout_s, patience_s):
            if as_json:
                print_json_line(event)
            else:
                click.echo(in_words(event))
            ended = event.get("outcome") if event["event"] == DUPLICATE else event["event"]
            if ended in TERMINAL:
                return OUTCOMES[Outcome(ended)]
            if event["event"] in {ACCEPTED, DUPLICATE} and not wait:
                return ExitCode.OK
    click.echo(f"edge-agent: no answer from {mqtt.site}/{mqtt.device} about {request['id']}; see: edge-agent status", err=True)
    return ExitCode.NO_ANSWER


def _events(client: BrokerClient, id: str, answer_timeout_s: float, patience_s: float) -> Iterator[dict[str, Any]]:
    """The announcement's events, until none comes in time: a short time for the first, a long one for the others."""
    until = time.monotonic() + answer_timeout_s
    while (left_s := until - time.monotonic()) > 0:
        heard = client.hear(left_s)
        event = read_event(heard.payload) if heard else None
        if event is not None and event["id"] == id:
            yield event
            until = time.monotonic() + patience_s
