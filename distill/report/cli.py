"""The command: ``python -m distill report --evaluation DIR --run DIR --out report.html``."""

from __future__ import annotations

import argparse
from pathlib import Path

from distill.report.losses import LOG_FILE, read_log
from distill.report.page import render
from distill.staged import staged_file


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
        OSError: the report cannot be written.
    """
    losses = read_log(options.run) if options.run else None
    page = render(options.evaluation, title=options.title, examples=options.examples, losses=losses)
    with staged_file(options.out) as file:
        file.write_text(page, "utf-8")
    return f"{options.out}: {len(page.encode()) / 1e6:.1f} MB"
