"""``edge-agent cache prewarm``: the daemon makes phrases ready."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge_agent.cli.answers import answers
from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import progress
from edge_agent.cli.reach import reach
from edge_agent.client import NoAnswer, Refused, SpeechClient
from edge_agent.client.requests import batches
from edge_agent.ingress import MqttConfig
from edge_agent.ingress.broker_client import BrokerClient
from edge_agent.listed import read_list

_Ask = Callable[[list[str]], dict[str, Any]]
"""Has the daemon make texts ready; its answer. Raises NoAnswer."""


@click.command()
@click.argument("texts", nargs=-1)
@click.option(
    "--file", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Phrases, one a line; lines that begin with # are remarks.",
)
@click.option("--lang", type=click.Choice(("auto", "zh", "en")), default="auto", show_default=True, help="Their language.")
@click.option("--voice", metavar="ID", help="The voice to speak them with. [default: the active one]")
@click.option("--pin/--no-pin", default=False, show_default=True, help="Keep them whatever happens.")
@click.option("--timeout-s", type=click.FloatRange(min=1), default=600.0, show_default=True, help="How long to wait for each batch.")
@click.pass_obj
def prewarm(
    session: Session, texts: tuple[str, ...], path: Path | None, lang: str, voice: str | None, pin: bool, timeout_s: float
) -> int:
    """Have the daemon make TEXTS ready before they are wanted.

    It is asked through the broker, or where MQTT is switched off or no broker can be reached, straight on this computer.
    """
    wanted = [*filter(None, map(str.strip, texts)), *(read_list(path) if path else ())]
    if not wanted:
        raise click.UsageError("nothing to prewarm: give TEXTS or --file")
    manner = {"lang": lang, "pin": pin} | ({"voice": voice} if voice else {})
    n_made = n_failed = 0
    with reach(session.config) as way, contextlib.ExitStack() as stack:
        if isinstance(way, BrokerClient):
            ask = _by_broker(way, session.config.mqtt.build(), manner, timeout_s)
        else:
            ask = _by_socket(stack.enter_context(SpeechClient(way)), manner, timeout_s)
        for batch in progress(list(batches(wanted)), "prewarm", unit="batch"):
            try:
                told = ask(batch)
            except NoAnswer as error:
                click.echo(f"edge-agent: {error}", err=True)
                return ExitCode.NO_ANSWER
            n_made += told.get("segments_made", 0)
            n_failed += told.get("texts_failed", 0 if told["ok"] else len(batch))
            if not told["ok"]:
                click.echo(f"edge-agent: {told['reason']}", err=True)
    click.echo(f"{len(wanted) - n_failed} of {len(wanted)} texts are ready, {n_made} segments were made for it")
    return ExitCode.FAILED if n_failed else ExitCode.OK


def _by_broker(client: BrokerClient, mqtt: MqttConfig, manner: dict[str, Any], timeout_s: float) -> _Ask:
    reply_to = mqtt.reply_topic()
    client.subscribe(reply_to)

    def ask(batch: list[str]) -> dict[str, Any]:
        payload = json.dumps({"cmd": "prewarm", **manner, "texts": batch, "reply_to": reply_to}, ensure_ascii=False).encode()
        is_heard = client.publish(f"voice/{mqtt.site}/{mqtt.device}/cmd", payload)
        told = next(answers(client, timeout_s), None) if is_heard else None
        if told is None:
            why = f"did not answer within {timeout_s:g} s" if is_heard else "is not connected to the broker"
            raise NoAnswer(f"the daemon {mqtt.site}/{mqtt.device} {why}")
        return told

    return ask


def _by_socket(speech: SpeechClient, manner: dict[str, Any], timeout_s: float) -> _Ask:
    def ask(batch: list[str]) -> dict[str, Any]:
        try:
            return {"ok": True, "segments_made": speech.preload(batch, **manner, timeout_s=timeout_s)}
        except Refused as refused:
            return refused.answer

    return ask
