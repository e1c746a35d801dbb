"""``edge-agent voice install | activate | rollback | delete | audit``: what changes the store of voices."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json, print_table
from edge_agent.cli.ownership import device_store
from edge_agent.voices.store import AlreadyInstalled

BY = "cli"


@click.command("install")
@click.argument("pack", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--choose/--no-choose", default=True, help="Have it speak when a request names no voice. [default: choose]")
@click.pass_obj
def install(session: Session, pack: Path, choose: bool) -> None:
    """Verify a voice pack, try the voice, and take it in; a running daemon goes over to it between two announcements."""
    with pack.open("rb") as file, device_store(session.config) as store:
        try:
            facts = store.install(file, by=BY, choose=choose)
        except AlreadyInstalled as nothing:
            click.echo(f"{nothing}; nothing was to be done")
            return
    click.echo(f"voice {facts.id} {facts.version} ({facts.seq}) is installed{', sealed to this device' if facts.sealed else ''}")
    _warn_of_configured(session, facts.id if choose else None)


@click.command("activate")
@click.argument("voice")
@click.option("--seq", type=click.IntRange(min=1), help="A version that is kept, by its number. [default: the one that is active]")
@click.pass_obj
def activate(session: Session, voice: str, seq: int | None) -> None:
    """Have VOICE speak when a request names none."""
    with device_store(session.config) as store:
        if voice in store.settings.reserved:
            if seq is not None:
                raise click.UsageError(f"--seq: voice {voice} ships with the program and has one version only")
            store.choose(voice, by=BY)
            click.echo(f"voice {voice} speaks")
        else:
            facts = store.activate(voice, seq, by=BY)
            click.echo(f"voice {facts.id} {facts.version} ({facts.seq}) speaks")
    _warn_of_configured(session, voice)


@click.command("rollback")
@click.argument("voice")
@click.pass_obj
def rollback(session: Session, voice: str) -> None:
    """Go back to the version of VOICE before the active one."""
    with device_store(session.config) as store:
        facts = store.roll_back(voice, by=BY)
    click.echo(f"voice {facts.id} is at version {facts.version} ({facts.seq}) again")


@click.command("delete")
@click.argument("voice")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, voice: str, yes: bool) -> None:
    """Destroy the keys of VOICE, and delete its files, compiled models and recorded phrases. Prints where the receipt lies."""
    if not yes:
        click.confirm(f"Delete voice {voice} for good, with every phrase recorded with it?", abort=True)
    with device_store(session.config) as store:
        receipt = store.delete(voice, by=BY)
    click.echo(receipt.path)
    if not receipt.signed:
        click.echo("edge-agent: the receipt is not signed, because this device has no keys: edge-agent keys init", err=True)


@click.command("audit")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def audit(session: Session, as_json: bool) -> int:
    """Show every install, refusal, activation and deletion, and check that the log is whole."""
    with device_store(session.config) as store:
        damages, records = store.book.damages(), store.book.records()
    if as_json:
        print_json({"records": [dataclasses.asdict(each) for each in records], "damages": [dataclasses.asdict(each) for each in damages]})
    else:
        rows = (
            (each.number, each.at, each.event, each.voice or "", each.seq or "", each.by, each.detail.get("reason", "")) for each in records
        )
        print_table(("n", "at", "event", "voice", "seq", "by", "reason"), rows)
        for damage in damages:
            click.echo(f"edge-agent: the log was tampered with: line {damage.line} {damage.problem}", err=True)
    return ExitCode.FAILED if damages else ExitCode.OK


COMMANDS = (install, activate, rollback, delete, audit)


def _warn_of_configured(session: Session, voice: str | None) -> None:
    configured = session.config.voice.id
    if voice is not None and configured is not None and configured != voice:
        click.echo(f"edge-agent: the configuration has voice.id = {configured!r}, which speaks instead from the next start on", err=True)
