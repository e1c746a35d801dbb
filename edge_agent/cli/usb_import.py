"""``edge-agent usb-import``: what edge-agent-usb@.service runs."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.cli.app import Session
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.output import print_json, print_table
from edge_agent.cli.ownership import as_owner_of, device_store
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.usb import StickReport

BY = "usb"
"""In the audit log."""


@click.command("usb-import")
@click.argument("device_or_folder", type=click.Path(path_type=Path))
@click.option("--mounted", is_flag=True, help="Refuse a folder where no stick is mounted read-only, nosuid, nodev and noexec.")
@click.option("--result", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the log for the stick there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, device_or_folder: Path, mounted: bool, result: Path | None, as_json: bool) -> int:
    """Install the voice packs at the top of a stick, and have the daemon say what became of them.

    DEVICE_OR_FOLDER is a block device, which has to be mounted as --mounted says, or a folder. Exit status 1 if something on the
    stick was refused.
    """
    from edge_agent.voices.usb import Teller, keep

    config = session.config
    teller = Teller(config.zmq.socket_dir, config.usb.languages)
    teller.reading()
    report = _read(session, device_or_folder, must_be_mounted=mounted)
    try:
        with as_owner_of(config.paths.state_dir):
            keep(config.paths.state_dir, report)
        if result is not None:
            result.write_bytes(report.log(f"{config.mqtt.site}/{config.mqtt.device}").encode("utf-8-sig"))
    except OSError as error:
        click.echo(f"edge-agent: the result is not kept: {error}", err=True)
    if as_json:
        print_json(report.to_dict())
    else:
        for each in report.sentences:
            click.echo(f"{each.code} {each.en}")
        rows = ((pack.file, pack.voice or "", f"{pack.sentence.code} {pack.detail}".strip()) for pack in report.packs)
        if report.packs:
            print_table(("file", "voice", "result"), rows)
    if report.detail:
        click.echo(f"edge-agent: {report.detail}", err=True)
    # Last: a daemon that is restarting is waited for.
    teller.result(report)
    return ExitCode.OK if report.ok else ExitCode.FAILED


def _read(session: Session, device_or_folder: Path, *, must_be_mounted: bool) -> StickReport:
    from edge_agent.voices.usb import StickReport, check_mount, import_stick, mounted_at

    now = datetime.now(timezone.utc)
    try:
        is_folder = device_or_folder.is_dir()
        folder = device_or_folder if is_folder else mounted_at(device_or_folder)
        if must_be_mounted or not is_folder:
            check_mount(folder)
        with device_store(session.config) as store:
            return import_stick(folder, lambda pack: store.install(pack, by=BY), session.config.paths.state_dir / "usb", now)
    except EdgeAgentError as error:
        return StickReport(now, (), getattr(error, "reason", "state"), str(error))
