"""``edge-agent status``."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json, print_table
from edge_agent.ingress.broker_client import BrokerClient

_STATES = {"online": ExitCode.OK, "degraded": ExitCode.DEGRADED, "offline": ExitCode.OFFLINE}
_WAIT_S = 1.0
"""Retained messages follow the subscription at once; a daemon that never ran has none."""


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Show whether the daemon is online, what is wrong if not, and its figures.

    \b
    Exit status: 0 online, 11 degraded (it speaks, but something is wrong), 12 offline or never seen,
    10 the broker cannot be reached.
    """
    mqtt = session.config.mqtt.build()
    topics = mqtt.topics()
    told: dict[str, dict[str, Any]] = {}
    with BrokerClient(mqtt) as client:
        client.subscribe(topics.status, topics.health)
        until = time.monotonic() + _WAIT_S
        while len(told) < 2 and (heard := client.hear(max(0.0, until - time.monotonic()))):
            told[heard.topic] = _object(heard.payload)
    status, health = told.get(topics.status, {}), told.get(topics.health, {})
    code = _STATES.get(str(status.get("state")), ExitCode.OFFLINE)
    if as_json:
        print_json({"device": f"{mqtt.site}/{mqtt.device}", "status": status or None, "health": health or None})
        return code
    click.echo(f"{mqtt.site}/{mqtt.device} {_in_words(status)}")
    if health and code is not ExitCode.OFFLINE:
        print_table(("figure", "value"), ((name, _value(value)) for name, value in health.items()))
    return code


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


def _object(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
