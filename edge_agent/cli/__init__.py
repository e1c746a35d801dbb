"""The command line: ``edge-agent COMMAND``. One module a command; this one turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from edge_agent.cli.app import app
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.reach import DaemonUnreachable
from edge_agent.config import ConfigError
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress.broker_client import BrokerRefused, BrokerUnreachable

__all__ = ["ExitCode", "app", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; see :class:`ExitCode`."""
    try:
        return int(app.main(arguments, prog_name="edge-agent", standalone_mode=False) or ExitCode.OK)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except ConfigError as error:
        _complain(*map(str, error.problems))
        return ExitCode.CONFIG
    except (BrokerUnreachable, BrokerRefused, DaemonUnreachable) as error:
        _complain(f"{error}. To find out why: edge-agent doctor")
        return ExitCode.UNREACHABLE
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except EdgeAgentError as error:
        _complain(str(error))
        return ExitCode.FAILED
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
        return ExitCode.FAILED


def _complain(*lines: str) -> None:
    for line in lines:
        click.echo(f"edge-agent: {line}", err=True)
