"""``edge-agent config``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from edge_agent import appliance
from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.group import Group
from edge_agent.cli.output import print_json
from edge_agent.config import ConfigError, toml, user_config


@click.group("config", cls=Group)
def command() -> None:
    """Check, show or begin a configuration."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check(session: Session, as_json: bool) -> int:
    """Report every fault of the configuration at once; exit status 1 if there is any."""
    try:
        path = session.loaded.path
    except ConfigError as error:
        if as_json:
            print_json([{"key": each.key, "message": each.message, "origin": str(each.origin)} for each in error.problems])
        else:
            for problem in error.problems:
                click.echo(problem)
        return ExitCode.FAILED
    if as_json:
        print_json([])
    else:
        click.echo(f"{path or 'no configuration file, defaults only'}: right")
    return ExitCode.OK


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(session: Session, as_json: bool) -> None:
    """Show the configuration in force, where each value came from, and no secrets."""
    if as_json:
        print_json(toml.as_json(session.loaded))
    else:
        click.echo(toml.effective(session.loaded), nl=False)


@command.command()
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE",
    help="Where to; - prints it. [default: /etc/edge-agent/config.toml for root, else the user's own]",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def init(output: Path | None, force: bool) -> int:
    """Write a configuration with every key commented out and described."""
    if output is not None and str(output) == "-":
        click.echo(toml.template(), nl=False)
        return ExitCode.OK
    path = output or (appliance.CONFIG if os.geteuid() == 0 else user_config(os.environ))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w" if force else "x") as file:
            file.write(toml.template())
    except FileExistsError:
        raise click.UsageError(f"{path} exists; --force replaces it") from None
    click.echo(path)
    return ExitCode.OK
