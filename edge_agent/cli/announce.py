"""Asking a daemon to speak, and waiting for what becomes of it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from edge_agent.announcement import Outcome
from edge_agent.cli.answers import read_object
from edge_agent.cli.exit_codes import OUTCOMES, ExitCode
from edge_agent.cli.listen import in_words, read_event
from edge_agent.cli.output import print_json_line
from edge_agent.cli.reach import reach
from edge_agent.client import NoAnswer, Refused, SpeechClient
from edge_agent.config import Config
from edge_agent.errors import EdgeAgentError
from edge_agent.events import ACCEPTED, DUPLICATE, TERMINAL
from edge_agent.ingress import MqttConfig
from edge_agent.ingress.broker_client import BrokerClient, BrokerRefused, BrokerUnreachable
from edge_agent.parse import Rejected, parse

_WONDER_AFTER_S = 10.0
"""For so long nobody wonders why nothing is heard."""
_LONGEST_SPEECH_S = 1800.0
"""Ten repetitions of the longest text; nothing that began in time takes longer."""
_AWAY_S = 30.0
"""For how long the daemon, or the broker, may be away before nobody waits for it any more; a restart takes less."""
_LOOK_EVERY_S = 1.0


class _NobodyAnswers(EdgeAgentError):
    """No daemon, or none that is still there."""


def announce(config: Config, request: dict[str, Any], *, wait: bool, answer_timeout_s: float, as_json: bool) -> int:
    """Ask for ``request`` (the announcement's JSON fields), print its events, and return the exit status."""
    request.setdefault("id", uuid.uuid4().hex)
    payload = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    try:
        # The daemon's own parser: what it would reject need not travel, and a bad id would find no way back.
        parse(payload, source="command line", now=time.time())
    except Rejected as rejected:
        click.echo(f"edge-agent: {rejected}", err=True)
        return ExitCode.REJECTED
    patience_s = (request.get("ttl_s") or config.announcement.ttl_s) + _LONGEST_SPEECH_S
    with reach(config) as way:
        if isinstance(way, BrokerClient):
            events = _by_broker(way, config.mqtt.build(), request, payload, answer_timeout_s, patience_s)
        else:
            events = _by_socket(way, request, answer_timeout_s)
        hint = threading.Timer(_WONDER_AFTER_S, _hint)
        try:
            for number, event in enumerate(events):
                if number == 0:
                    hint.start()
                else:
                    hint.cancel()
                if as_json:
                    print_json_line(event)
                else:
                    click.echo(in_words(event))
                ended = event.get("outcome") if event["event"] == DUPLICATE else event["event"]
                if ended in TERMINAL:
                    return OUTCOMES[Outcome(ended)]
                if event["event"] in {ACCEPTED, DUPLICATE} and not wait:
                    return ExitCode.OK
        except _NobodyAnswers as error:
            click.echo(f"edge-agent: {error}", err=True)
        finally:
            hint.cancel()
    return ExitCode.NO_ANSWER


def _hint() -> None:
    click.echo("edge-agent: not spoken yet; what keeps it may be told by: edge-agent status", err=True)


def _by_broker(
    client: BrokerClient, mqtt: MqttConfig, request: dict[str, Any], payload: bytes, answer_timeout_s: float, patience_s: float
) -> Iterator[dict[str, Any]]:
    """The announcement's events, until none comes in time: a short time for the first, a long one for the others, unless meanwhile
    the daemon is offline and does not come back."""
    topics, daemon = mqtt.topics(), f"{mqtt.site}/{mqtt.device}"
    client.subscribe(topics.event)
    with contextlib.suppress(BrokerRefused):  # who may not know how the daemon is waits the longer
        client.subscribe(topics.status)
    # A lifetime of whole seconds also tells the broker when to forget the message, should the daemon be away.
    ttl_s = request.get("ttl_s")
    expiry_s = ttl_s if ttl_s is not None and ttl_s == int(ttl_s) else None
    if not client.publish(f"voice/{daemon}/say", payload, expiry_s=expiry_s):
        raise _NobodyAnswers(f"no daemon {daemon} is connected to {mqtt.address}")
    # The broker keeps it for a daemon that is away for a while, and the daemon's journal for its next start.
    about = f"{request['id']}, which may be spoken later all the same"
    accepted = offline = False
    here_at = time.monotonic()
    until = here_at + answer_timeout_s
    while (left_s := until - time.monotonic()) > 0:
        heard = client.hear(min(left_s, _LOOK_EVERY_S))
        if heard is not None and heard.topic == topics.status:
            offline = (read_object(heard.payload) or {}).get("state") == "offline"
        event = read_event(heard.payload) if heard else None
        if event is not None and event["id"] == request["id"]:
            yield event
            accepted, until = True, time.monotonic() + patience_s
        if client.connected and not offline:
            here_at = time.monotonic()
        elif accepted and time.monotonic() > here_at + _AWAY_S:
            if not client.connected:
                raise BrokerUnreachable(f"the broker at {mqtt.address} went away before the end of {about}")
            raise _NobodyAnswers(f"{daemon} went offline before the end of {about}; see: edge-agent status")
    raise _NobodyAnswers(f"no answer from {daemon} about {about}; see: edge-agent status")


def _by_socket(folder: Path, request: dict[str, Any], answer_timeout_s: float) -> Iterator[dict[str, Any]]:
    """The same, from the daemon on this computer. Its answers come first, and stand for what could be missed of its events."""
    def told(event: str | None, **detail: Any) -> dict[str, Any]:
        return {"event": event, "id": request["id"], "at": round(time.time(), 3), **detail}

    with SpeechClient(folder, timeout_s=answer_timeout_s) as speech:
        try:
            handle = speech.say(**request)
            yield told(DUPLICATE, outcome=handle.outcome) if handle.duplicate else told(ACCEPTED)
            shown: list[dict[str, Any]] = []
            for wait in (handle.wait_started, handle.wait_played):
                wait()
                new = [event for event in handle.events if event["event"] not in (ACCEPTED, DUPLICATE)][len(shown) :]
                shown += new
                yield from new
            if not any(event["event"] in TERMINAL for event in shown):
                yield told(handle.outcome)
        except Refused as refused:
            yield told("rejected", **{name: refused.answer[name] for name in ("field", "reason", "allowed") if name in refused.answer})
        except NoAnswer as error:
            raise _NobodyAnswers(str(error)) from error
