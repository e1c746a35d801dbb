"""``edge-agent run``."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

import click

from edge_agent.cli.app import Session
from edge_agent.cli.ownership import owner_instead_of_root
from edge_agent.config import load
from edge_agent.service import log


@click.command("run")
@click.pass_obj
def command(session: Session) -> int:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C. SIGHUP has it read its configuration again."""
    config, file = session.config, session.loaded.path
    state_dir = config.paths.state_dir
    if owner_instead_of_root(state_dir):
        raise click.UsageError(
            f"{state_dir} is the service's, and could not be read by it any more after root; take: systemctl start edge-agent, "
            f"or --config with a file of your own"
        )
    from edge_agent import agent

    # What the watchdog's abort leaves in the log is where each thread was stuck.
    faulthandler.enable()
    handler = log.set_up(config.log.level)
    others = set(threading.enumerate())
    try:
        # The same file again: one that is gone is an error, not the end of all that it had forbidden.
        code = agent.run(config, lambda: load(file).config)
    finally:
        log.take_down(handler)
    if set(threading.enumerate()) - others:
        # One that is loading a model cannot be stopped, and to end the interpreter around it would abort the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
