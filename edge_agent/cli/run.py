"""``edge-agent run``."""

from __future__ import annotations

import click

from edge_agent.cli.app import Session
from edge_agent.service import log


@click.command("run")
@click.pass_obj
def command(session: Session) -> int:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C."""
    config = session.config
    from edge_agent import agent

    handler = log.set_up(config.log.level)
    try:
        return agent.run(config)
    finally:
        log.take_down(handler)
