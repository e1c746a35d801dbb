"""``edge-agent doctor``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.findings import print_findings
from edge_agent.config import Config, ConfigError, load
from edge_agent.config.layers import ENV_PREFIX
from edge_agent.service.doctor import CHECKS, Finding, examine
from edge_agent.service.doctor.device import System, examine_device


@click.command("doctor")
@click.argument("checks", nargs=-1, type=click.Choice(list(CHECKS)))
@click.option("--device", is_flag=True, help="Hold this device against the configuration for its class instead; with CHECKS, too.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default="/",
    metavar="DIR",
    help="With --device: where its files are. [default: /]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, checks: tuple[str, ...], device: bool, root: Path, as_json: bool) -> int:
    """Try everything that is needed, or only CHECKS, and say how to repair it; exit status 1 if something fails."""
    names = checks or (() if device else tuple(CHECKS))
    findings = _findings(session, names, root if device else None)
    return ExitCode.FAILED if print_findings(findings, as_json=as_json) else ExitCode.OK


def _findings(session: Session, checks: tuple[str, ...], device_root: Path | None) -> Iterator[Finding]:
    try:
        config = session.config
        yield Finding.ok("config", f"{session.loaded.path or 'no file, defaults only'}: right")
    except ConfigError as error:
        for problem in error.problems:
            yield Finding.fail("config", str(problem), "Correct it; what follows is for a configuration of defaults.")
        config = _defaults()
    yield from examine(config, {name: CHECKS[name] for name in checks})
    if device_root is not None:
        yield from examine(config, {"device": partial(examine_device, System(device_root))})


def _defaults() -> Config:
    plain = {name: value for name, value in os.environ.items() if not name.startswith((ENV_PREFIX, "CREDENTIALS_"))}
    return load(Path(os.devnull), environ=plain).config
