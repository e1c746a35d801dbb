"""``edge-agent voice inspect``: what a pack says of itself."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_agent.cli.app import Session
from edge_agent.cli.arguments import FILE, IDENTITY, identities
from edge_agent.cli.output import print_json, print_table, size
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.keys import Signature
    from edge_agent.voices.pack import Contents, Manifest


@click.command("inspect")
@click.argument("pack", type=FILE)
@IDENTITY
@click.option("--manifest", "manifest_only", is_flag=True, help="Print the manifest's own bytes, which the author signs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def inspect(session: Session, pack: Path, identity: Path | None, manifest_only: bool, as_json: bool) -> None:
    """Show what PACK says of itself. Nothing is checked; verify does that."""
    from edge_agent.voices.pack import inspect_pack

    contents = inspect_pack(pack, identities(session, identity))
    if contents.manifest is None and manifest_only:
        raise EdgeAgentError(f"{pack} is sealed for other devices; its manifest cannot be read here")
    if manifest_only and contents.manifest is not None:
        click.echo(contents.manifest.to_bytes(), nl=False)
    elif as_json:
        print_json(_as_json(contents))
    else:
        first, *rest = _rows(contents)
        print_table(first, rest)


def title_of(manifest: Manifest) -> str:
    """Which voice it is, in a few words."""
    return f"voice {manifest.id} {manifest.version} (seq {manifest.seq})"


def signed_contents(pack: Path) -> Contents:
    """What a pack says that is to leave this computer.

    Raises:
        EdgeAgentError: it is none, or a draft, which no device takes.
    """
    from edge_agent.voices.pack import PackError, inspect_pack

    try:
        contents = inspect_pack(pack)
    except PackError as error:
        raise EdgeAgentError(f"{pack}: {error}") from error
    if contents.station is None:
        raise EdgeAgentError(f"{pack} is a draft that nobody signed; see: edge-agent voice sign")
    return contents


def _as_json(contents: Contents) -> dict[str, Any]:
    return {
        "checked": False,
        "sealed": contents.sealed,
        "recipients": contents.n_recipients,
        "station": _signature(contents.station),
        "author": _signature(contents.author),
        "manifest": json.loads(contents.manifest.to_bytes()) if contents.manifest else None,
        "consent": json.loads(contents.consent.to_bytes()) if contents.consent else None,
    }


def _signature(signature: Signature | None) -> dict[str, str] | None:
    return {"key": signature.key_id, "comment": signature.trusted_comment} if signature else None


def _rows(contents: Contents) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("sealed", f"yes, for {contents.n_recipients} {'key' if contents.n_recipients == 1 else 'keys'}" if contents.sealed else "no"),
        ("pack signed by", contents.station.key_id if contents.station else "nobody"),
    ]
    manifest, consent = contents.manifest, contents.consent
    if manifest is None or consent is None:
        return [*rows, ("content", "cannot be read with this device's key")]
    return [
        *rows,
        ("manifest signed by", contents.author.key_id if contents.author else "nobody"),
        ("voice", f"{manifest.id}: {manifest.display_name}"),
        ("version", f"{manifest.version} (seq {manifest.seq})"),
        ("engine", f"{manifest.engine}, from program {manifest.engine_min} on"),
        ("languages", ", ".join(manifest.languages)),
        ("rate", f"{manifest.sample_rate} Hz"),
        ("licence", manifest.licence),
        ("valid", _span(manifest.valid_from, manifest.expires)),
        ("rollout", f"{manifest.rollout_percent} %"),
        ("consent", f"{consent.kind} {consent.subject}, for {', '.join(consent.purposes)}"),
        ("consented", _span(consent.valid_from, consent.valid_until)),
        ("phrases", f"{len(manifest.phrases)}, {len(manifest.templates)} templates, {len(manifest.chimes)} chimes"),
        *((entry.path, f"{size(entry.size)}  {entry.sha256[:12]}") for entry in manifest.files),
    ]


def _span(begin: datetime, end: datetime | None) -> str:
    from edge_agent.voices.pack import ALWAYS

    begins = "" if begin == ALWAYS else f"from {begin:%Y-%m-%d %H:%M} "
    return begins + (f"until {end:%Y-%m-%d %H:%M} UTC" if end else "without end")
