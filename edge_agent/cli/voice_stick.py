"""``edge-agent voice export-stick``: packs as a technician carries them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from edge_agent.cli.voice_inspect import signed_contents


@click.command("export-stick")
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="A new folder, or a formatted stick."
)
def export_stick_command(packs: Sequence[Path], out: Path) -> None:
    """Copy signed and sealed PACKS to a stick, with instructions in two languages and a folder for the device's log.

    The stick is FAT32 or exFAT and its label is VOICEPACK.
    """
    from edge_agent.voices.usb import export_stick

    for pack in packs:
        signed_contents(pack)
    for path in export_stick(packs, out):
        click.echo(path)


COMMANDS = (export_stick_command,)
