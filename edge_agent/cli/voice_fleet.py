"""``edge-agent voice announce | order-delete``: what a station says to many devices at once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click

from edge_agent.cli.answers import answers
from edge_agent.cli.app import Session
from edge_agent.cli.arguments import FILE, PASSWORD, secret_key
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import progress
from edge_agent.cli.voice_inspect import signed_contents, title_of
from edge_agent.ingress.broker_client import BrokerClient
from edge_agent.ingress.topics import NAME
from edge_agent.voices.fleet import Announcement, DeletionOrder, to_bytes, wrap


def _whom(_context: click.Context, _option: click.Parameter, whom: str) -> str:
    if NAME.fullmatch(whom.removeprefix("group/")) is None:
        raise click.BadParameter(f"{whom!r} is neither all nor group/NAME nor a device's name (1 to 64 of A-Z a-z 0-9 . _ -)")
    return whom


_TO = click.option(
    "--to", default="all", show_default=True, metavar="WHOM", callback=_whom, help="all, group/NAME, or a device's name."
)
_DAYS = click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="For how many days it holds.")


@click.command("announce")
@click.argument("pack", type=FILE)
@click.option("--voice", required=True, metavar="ID", help="The voice in the pack.")
@click.option("--seq", type=click.IntRange(min=1), required=True, help="Its number.")
@click.option("--station", "key", type=FILE, required=True, metavar="KEY", help="minisign secret key of a station the devices trust.")
@click.option("--url", metavar="URL", help="Where the pack can be fetched, http:// or https://.")
@click.option(
    "--chunk-kib", type=click.IntRange(1, 1024), metavar="N",
    help="Also put the pack on the broker, in chunks of N KiB; it has to take messages of that size.",
)
@click.option("--percent", type=click.IntRange(0, 100), default=100, show_default=True, help="Of the devices, for a staged release.")
@click.option("--choose/--no-choose", default=True, help="Have it speak when a request names no voice. [default: choose]")
@_TO
@_DAYS
@PASSWORD
@click.pass_obj
def announce(
    session: Session, pack: Path, voice: str, seq: int, key: Path, url: str | None, chunk_kib: int | None, percent: int, choose: bool,
    to: str, days: int, password_file: Path | None,
) -> int:  # fmt: skip
    """Tell devices of PACK, a signed and sealed voice pack, which they then fetch and install.

    Say it again with a higher --percent to reach more of them, up to the percentage that its author has signed (voice build
    --rollout); those that have it already do nothing.
    """
    from edge_agent.digest import sha256_of

    if url is None and chunk_kib is None:
        raise click.UsageError("the devices need --url or --chunk-kib to get the pack from")
    found = signed_contents(pack).manifest  # None: only the devices it is sealed for can tell
    if found is not None and (found.id, found.seq) != (voice, seq):
        raise click.UsageError(f"{pack} is {title_of(found)}, and not voice {voice} {seq}")
    chunk_bytes = chunk_kib * 1024 if chunk_kib else None
    digest, size = sha256_of(pack), pack.stat().st_size
    said = to_bytes(Announcement(voice, seq, size, digest, _until(days), url, chunk_bytes, percent, choose))
    signed = wrap(said, secret_key(key, password_file).sign(said, f"announce voice={voice} seq={seq}"))
    mqtt = session.config.mqtt.build()
    with BrokerClient(mqtt) as client:
        if chunk_bytes is not None:
            with pack.open("rb") as file:
                for index in progress(range(-(-size // chunk_bytes)), "upload", unit="chunk"):
                    client.publish(f"voice/{mqtt.site}/pack/{digest}/{index}", file.read(chunk_bytes), retain=True, binary=True)
        client.publish(f"voice/{mqtt.site}/{to}/pack", json.dumps(signed).encode(), retain=True)
    click.echo(f"announced voice {voice} {seq} to {percent} % of {to}")
    return ExitCode.OK


@click.command("order-delete")
@click.argument("voice")
@click.option("--up-to", type=click.IntRange(min=1), required=True, metavar="SEQ", help="The newest version that goes; newer ones stay.")
@click.option("--key", type=FILE, required=True, metavar="KEY", help="minisign secret key the devices trust as author or for consents.")
@click.option("--device", "devices", multiple=True, metavar="NAME", help="Only these devices; several times for several. [default: all]")
@click.option("--timeout-s", type=click.FloatRange(min=1), default=15.0, show_default=True, help="How long to collect answers.")
@_TO
@_DAYS
@PASSWORD
@click.pass_obj
def order_delete(
    session: Session, voice: str, up_to: int, key: Path, devices: tuple[str, ...], timeout_s: float, to: str, days: int,
    password_file: Path | None,
) -> int:  # fmt: skip
    """Have devices delete VOICE for good, and print their receipts, one a line.

    Those that are away have to be told again. A device that refuses says why: it does not have the voice, or the order is not for it.

    \b
    Exit status: 0 it was deleted on some device, 1 all that answered refused, 9 none answered.
    """
    said = to_bytes(DeletionOrder(voice, up_to, devices or ("*",), _until(days)))
    signed = wrap(said, secret_key(key, password_file).sign(said, f"delete voice={voice} up_to={up_to}"))
    mqtt = session.config.mqtt.build()
    reply_to = mqtt.reply_topic()
    n_done = n_answers = 0
    with BrokerClient(mqtt) as client:
        client.subscribe(reply_to)
        command = json.dumps({"cmd": "delete_voice", "reply_to": reply_to, **signed}).encode()
        topic = f"voice/{mqtt.site}/{to}/cmd"
        is_heard = client.publish(topic, command)
        for told in answers(client, timeout_s) if is_heard else ():
            n_answers += 1
            if told["ok"]:
                n_done += 1
                click.echo(json.dumps({"receipt": told.get("receipt"), "signature": told.get("signature")}))
            else:
                click.echo(f"edge-agent: {told.get('device', 'a device')} refuses: {told['reason']}", err=True)
    if not n_answers:
        why = f"no device answered within {timeout_s:g} s" if is_heard else f"no device at {mqtt.address} listens to {topic}"
        click.echo(f"edge-agent: {why}; one that is away has to be told again", err=True)
        return ExitCode.NO_ANSWER
    return ExitCode.OK if n_done else ExitCode.FAILED


COMMANDS = (announce, order_delete)


def _until(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
