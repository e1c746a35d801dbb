"""How commands print what was found."""

from __future__ import annotations

from collections.abc import Iterable

import click

from edge_agent.cli.output import print_json
from edge_agent.service.doctor import Finding, Verdict

_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def print_findings(findings: Iterable[Finding], *, as_json: bool) -> bool:
    """Print each as it comes, or all as one JSON document; whether any is a failure."""
    printed = []
    for finding in findings:
        printed.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json([finding.to_dict() for finding in printed])
    return any(finding.verdict is Verdict.FAIL for finding in printed)


def _show(finding: Finding) -> None:
    verdict = click.style(f"{finding.verdict.value:<4}", fg=_COLOURS[finding.verdict])
    click.echo(f"{verdict}  {finding.name:<9}  {finding.what}")
    if finding.fix:
        click.echo(f"{'':17}-> {finding.fix}")
