"""``edge-agent listen``."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click
import zmq

from edge_agent import wire
from edge_agent.cli.answers import read_object
from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json_line
from edge_agent.cli.reach import reach
from edge_agent.config import Config
from edge_agent.ingress.broker_client import BrokerClient

_HEAD = ("event", "id", "at", "event_id")


@click.command("listen")
@click.option("--json", "as_json", is_flag=True, help="Print each event as the daemon published it, a line each.")
@click.option("--id", "wanted_id", metavar="ID", help="Only events of one announcement.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after N events.")
@click.pass_obj
def command(session: Session, as_json: bool, wanted_id: str | None, count: int | None) -> int:
    """Follow the daemon's events until Ctrl-C.

    They come from the broker, or where MQTT is switched off or no broker can be reached, from the daemon on this computer.
    """
    n_shown = 0
    with reach(session.config) as way, contextlib.closing(_payloads(session.config, way)) as payloads:
        for payload in payloads:
            event = read_event(payload)
            if event is None or (wanted_id is not None and event["id"] != wanted_id):
                continue
            n_shown += 1
            if as_json:
                print_json_line(event)
            else:
                click.echo(in_words(event))
            if n_shown == count:
                break
    return ExitCode.OK


def _payloads(config: Config, way: BrokerClient | Path) -> Generator[bytes, None, None]:
    """All that comes in, for ever."""
    if isinstance(way, BrokerClient):
        mqtt = config.mqtt.build()
        topic = mqtt.topics().event
        way.subscribe(topic)
        click.echo(f"listening to {topic} at {mqtt.address}", err=True)
        while True:
            if heard := way.hear(1.0):
                yield heard.payload
    with zmq.Context() as context, context.socket(zmq.SUB) as events:
        events.connect(f"ipc://{way / wire.EVENTS_SOCKET}")
        events.subscribe(b"")
        click.echo(f"listening to {way / wire.EVENTS_SOCKET}", err=True)
        while True:
            yield events.recv_multipart()[-1]


def read_event(payload: bytes) -> dict[str, Any] | None:
    """An event as the daemon published it; None for anything else that was put on its topic."""
    event = read_object(payload)
    named = event is not None and isinstance(event.get("event"), str) and isinstance(event.get("id"), str)
    return event if named else None


def in_words(event: dict[str, Any]) -> str:
    """An event on one line, times in the local zone."""
    at = event.get("at")
    moment = time.strftime("%H:%M:%S", time.localtime(at)) if isinstance(at, (int, float)) else "--:--:--"
    told = (*_HEAD, "allowed") if f"allowed: {event.get('allowed')}" in str(event.get("reason")) else _HEAD
    rest = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in event.items() if key not in told)
    return " ".join((moment, f"{event['event']:<11}", event["id"], *rest))
