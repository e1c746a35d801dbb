"""``edge-agent uninstall``."""

from __future__ import annotations

from pathlib import Path

import click

from edge_agent.cli.arguments import PREFIX
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.install import uninstall


@click.command("uninstall")
@PREFIX
def command(prefix: Path) -> int:
    """Take away exactly what "edge-agent install" laid out, but for configuration files that were edited.

    State and cache are the service's, and stay. Stop the service first: systemctl disable --now edge-agent
    """
    report = uninstall(prefix)
    for path in report.kept:
        click.echo(f"kept, because it was edited: /{path}", err=True)
    click.echo(f"{len(report.removed)} files removed")
    return ExitCode.OK
