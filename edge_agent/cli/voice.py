"""``edge-agent voice``."""

from __future__ import annotations

import dataclasses

import click

from edge_agent.cli import voice_fleet, voice_inspect, voice_pack, voice_stick, voice_store, voice_verify
from edge_agent.cli.app import Session
from edge_agent.cli.group import Group
from edge_agent.cli.output import print_json, print_table
from edge_agent.cli.ownership import check_access
from edge_agent.voices import UnknownVoice
from edge_agent.voices.store import device_catalog


@click.group("voice", cls=Group)
def command() -> None:
    """Make voice packs, and install, switch and delete voices."""


_CHECKS = (voice_verify.verify, voice_inspect.inspect)
for _each in (*voice_pack.COMMANDS, *_CHECKS, *voice_store.COMMANDS, *voice_fleet.COMMANDS, *voice_stick.COMMANDS):
    command.add_command(_each)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_voices(session: Session, as_json: bool) -> None:
    """List the voices of this device; the one marked * speaks when a request names none."""
    config = session.config
    check_access(config.paths.state_dir)
    catalog = device_catalog(config)
    voices = catalog.voices()
    try:
        active = catalog.speaking(config.voice.id).id
    except UnknownVoice:
        active = None
    wanted = config.voice.id or catalog.shelved.chosen
    problems = [catalog.shelved.trouble, catalog.why_not(wanted) if wanted is not None else None]
    for problem in filter(None, problems):
        click.echo(f"edge-agent: {problem}", err=True)
    if as_json:
        print_json([{**dataclasses.asdict(voice), "active": voice.id == active} for voice in voices])
        return
    rows = (
        (
            "*" if voice.id == active else "",
            voice.id,
            voice.seq or "",
            voice.display_name,
            ", ".join(voice.languages),
            voice.engine,
            f"{voice.sample_rate} Hz",
            voice.digest[:12],
        )
        for voice in voices
    )
    print_table(("", "id", "seq", "name", "languages", "engine", "rate", "digest"), rows)
