"""``edge-agent maintain``."""

from __future__ import annotations

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.findings import print_findings
from edge_agent.cli.ownership import as_owner_of
from edge_agent.service.maintenance import maintain


@click.command("maintain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, as_json: bool) -> int:
    """Verify recordings, clear leftovers away, look after journal and disk; the daemon may go on. Runs daily under systemd."""
    with as_owner_of(session.config.paths.state_dir):
        return ExitCode.FAILED if print_findings(maintain(session.config), as_json=as_json) else ExitCode.OK
