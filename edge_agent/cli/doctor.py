"""``edge-agent doctor``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json
from edge_agent.config import Config, ConfigError, load
from edge_agent.config.layers import ENV_PREFIX
from edge_agent.service.doctor import CHECKS, Finding, Verdict, examine

_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


@click.command("doctor")
@click.argument("checks", nargs=-1, type=click.Choice(list(CHECKS)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, checks: tuple[str, ...], as_json: bool) -> int:
    """Try everything that is needed, or only CHECKS, and say how to repair it; exit status 1 if something fails."""
    findings = []
    for finding in _findings(session, checks):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    return ExitCode.FAILED if any(finding.verdict is Verdict.FAIL for finding in findings) else ExitCode.OK


def _findings(session: Session, checks: tuple[str, ...]) -> Iterator[Finding]:
    try:
        config = session.config
        yield Finding.ok("config", f"{session.loaded.path or 'no file, defaults only'}: right")
    except ConfigError as error:
        for problem in error.problems:
            yield Finding.fail("config", str(problem), "Correct it; what follows is for a configuration of defaults.")
        config = _defaults()
    yield from examine(config, {name: CHECKS[name] for name in checks or CHECKS})


def _defaults() -> Config:
    plain = {name: value for name, value in os.environ.items() if not name.startswith((ENV_PREFIX, "CREDENTIALS_"))}
    return load(Path(os.devnull), environ=plain).config


def _show(finding: Finding) -> None:
    verdict = click.style(f"{finding.verdict.value:<4}", fg=_COLOURS[finding.verdict])
    click.echo(f"{verdict}  {finding.name:<9}  {finding.what}")
    if finding.fix:
        click.echo(f"{'':17}-> {finding.fix}")
