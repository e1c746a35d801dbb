"""``edge-agent status``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from edge_agent.cli.answers import read_object
from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json, print_table
from edge_agent.cli.reach import reach
from edge_agent.client import NoAnswer, SpeechClient
from edge_agent.ingress import Topics
from edge_agent.ingress.broker_client import BrokerClient

_STATES = {"online": ExitCode.OK, "degraded": ExitCode.DEGRADED, "offline": ExitCode.OFFLINE}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Show whether the daemon is online, what is wrong if not, and its figures.

    \b
    Exit status: 0 online, 11 degraded (it speaks, but something is wrong), 12 offline or never seen,
    10 neither the broker nor a daemon on this computer can be reached.
    """
    mqtt = session.config.mqtt.build()
    with reach(session.config) as way:
        status, health = _by_broker(way, mqtt.topics()) if isinstance(way, BrokerClient) else _by_socket(way)
    code = _STATES.get(str(status.get("state")), ExitCode.OFFLINE)
    if as_json:
        print_json({"device": f"{mqtt.site}/{mqtt.device}", "status": status or None, "health": health or None})
        return code
    click.echo(f"{mqtt.site}/{mqtt.device} {_in_words(status)}")
    if health and code is not ExitCode.OFFLINE:
        print_table(("figure", "value"), ((name, _value(value)) for name, value in health.items()))
    return code


def _by_broker(client: BrokerClient, topics: Topics) -> tuple[dict[str, Any], dict[str, Any]]:
    """The retained status and figures."""
    told = {topic: read_object(payload) or {} for topic, payload in client.stored(topics.status, topics.health).items()}
    return told.get(topics.status, {}), told.get(topics.health, {})


def _by_socket(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the daemon on this computer answers, which has fewer figures."""
    with SpeechClient(folder) as speech:
        try:
            told = speech.status()
        except NoAnswer as error:
            return {"state": "offline", "why": [str(error)]}, {}
    return {name: told.pop(name) for name in ("state", "why") if name in told}, told


def _in_words(status: dict[str, Any]) -> str:
    if not status:
        return "has never reported to this broker: is [mqtt] site and device right, and the daemon started?"
    why = status.get("why")
    reasons = f": {'; '.join(map(str, why))}" if isinstance(why, list) and why else ""
    at = status.get("at")
    since = f" since {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))}" if isinstance(at, (int, float)) else ""
    return f"is {status.get('state')}{since}{reasons}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
