"""``edge-agent install``."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import click

from edge_agent.cli.arguments import PREFIX
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.install import DEVICES, SPEAKERS, install, lay_out, systemd_version

_OLDEST_SYSTEMD = 249
_HIDDEN = ("/home/", "/root/", "/run/user/")
"""What ProtectHome= takes from a service's sight."""
_NEXT = "systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload && systemctl enable --now {units}"


@click.command("install")
@PREFIX
@click.option("--unit-dir", default="/usr/lib/systemd/system", show_default=True, metavar="DIR", help="Where units go, below the prefix.")
@click.option("--device", type=click.Choice(DEVICES), default="generic", show_default=True, help="Also configure a device of this class.")
@click.option("--speaker", type=click.Choice(SPEAKERS), default="usb", show_default=True, help="What it speaks through.")
@click.option("--program", metavar="PATH", help="Where edge-agent is in the system. [default: where this one is]")
@click.option("--systemd", type=click.IntRange(min=_OLDEST_SYSTEMD), metavar="N", help="Its version there. [default: what the prefix has]")
@click.option("--force", is_flag=True, help="Replace files that are not ours.")
def command(prefix: Path, unit_dir: str, device: str, speaker: str, program: str | None, systemd: int | None, force: bool) -> int:
    """Lay out units, rules and device configuration; edited configuration files are kept. Undone by: edge-agent uninstall.

    Changes no running system: what to do next is printed.
    """
    version = systemd or systemd_version(prefix) or _OLDEST_SYSTEMD
    where = PurePosixPath(unit_dir.lstrip("/"))
    program = program or str(Path(sys.argv[0]).absolute())
    if program.startswith(_HIDDEN):
        raise click.UsageError(f"the service could not see {program}: its sandbox hides homes. Install it elsewhere, or give --program")
    items = lay_out(device, speaker, unit_dir=where, program=program, systemd=version)
    report = install(prefix, items, force=force)
    for path in report.kept:
        click.echo(f"kept, because it was edited: /{path}", err=True)
    click.echo(f"{len(report.written)} files written, {len(report.removed)} removed, for {device} and systemd {version}")
    units = ["edge-agent", "edge-agent-maintenance.timer"]
    units += [item.path.stem for item in items if item.path.parent == where and item.path.stem in ("edge-agent-power", "edge-agent-i2s")]
    click.echo(f"Next, in that system: {_NEXT.format(units=' '.join(units))}")
    return ExitCode.OK
