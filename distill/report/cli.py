"""The command: ``python -m distill.report --evaluation DIR --run DIR --out report.html``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from distill.report.losses import LOG_FILE, read_log
from distill.report.page import render
from edge_agent.errors import EdgeAgentError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of :func:`run` on ``parser``, the command's own or a subcommand's."""
    add = parser.add_argument
    add("--evaluation", required=True, type=Path, metavar="DIR", help="what the evaluate command wrote")
    add("--run", type=Path, metavar="DIR", help=f"a training run's folder: adds the losses from its {LOG_FILE}")
    add("--out", required=True, type=Path, metavar="FILE", help="the HTML file to write")
    add("--title", default="Voice report", help="heading (default: %(default)s)")
    add("--examples", type=int, default=10, metavar="N", help="sentences a language with sound (default: %(default)s)")


def run(options: argparse.Namespace) -> str:
    """Write the report, by rename, and say where it is.

    Raises:
        EdgeAgentError: the evaluation, its audio or the log cannot be read.
    """
    losses = read_log(options.run) if options.run else None
    page = render(options.evaluation, title=options.title, examples=options.examples, losses=losses)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    temporary = options.out.with_name(f".{options.out.name}-{os.getpid()}.tmp")
    temporary.write_text(page, "utf-8")
    temporary.rename(options.out)
    return f"{options.out}: {len(page.encode()) / 1e6:.1f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message on what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m distill.report", description="One HTML page about a voice.")
    add_arguments(parser)
    try:
        sys.stdout.write(run(parser.parse_args(arguments)) + "\n")
    except EdgeAgentError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0
