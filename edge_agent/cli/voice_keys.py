"""``edge-agent keys init``, ``show``, ``trust`` and ``revoke``: the keys voices are sealed for and signed with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from edge_agent.cli.app import Session
from edge_agent.cli.arguments import public_key
from edge_agent.cli.output import print_json, print_table
from edge_agent.cli.ownership import check_access

if TYPE_CHECKING:
    from edge_agent.voices.keys import Role, TrustFile


@click.command("init")
@click.pass_obj
def init(session: Session) -> None:
    """Make this device's own keys, and print the one that packs are sealed for."""
    from edge_agent.voices.keys import KeysError, load_device_keys, make_device_keys

    folder = session.config.paths.keys
    check_access(folder.parent)
    if (keys := load_device_keys(folder, os.environ)) is not None and keys.protection == "credential":
        raise KeysError(f"this device has its keys as credentials, which come first; its key is {keys.recipient}")
    click.echo(make_device_keys(folder).recipient)


@click.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(session: Session, as_json: bool) -> None:
    """Show this device's public keys, whom it trusts with voices, and whom no longer."""
    from edge_agent.voices.keys import load_device_keys

    check_access(session.config.paths.state_dir)
    keys = load_device_keys(session.config.paths.keys, os.environ)
    trust = _trust_file(session).read()
    device = keys and {
        "recipient": keys.recipient,
        "fingerprint": keys.fingerprint,
        "receipts": keys.secret.public_key.text,
        "protection": keys.protection,
    }
    if as_json:
        signers = {
            signer.name: {"key": signer.key.text, "id": signer.key.id, "roles": signer.roles, "voices": signer.voices}
            for signer in trust.signers
            if signer.key not in trust.revoked
        }
        print_json({"device": device, "signers": signers, "revoked": {key.text: why for key, why in trust.revoked.items()}})
        return
    rows: list[tuple[str, object]] = list(device.items()) if device else [("recipient", "none yet; make one with: edge-agent keys init")]
    for signer in trust.signers:
        if signer.key not in trust.revoked:
            limits = f" for {', '.join(signer.voices)}" if signer.voices else ""
            rows.append((f"trusted {signer.name}", f"{signer.key.id} as {', '.join(signer.roles)}{limits}"))
    rows += [("revoked", f"{key.id}: {why}") for key, why in trust.revoked.items()]
    print_table(rows[0], rows[1:])


@click.command("trust")
@click.argument("name")
@click.argument("key")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(["author", "station", "consent"]), help="What it may sign. [default: all]"
)
@click.option("--voice", "voices", multiple=True, metavar="ID", help="Only for this voice. [default: for every voice]")
@click.pass_obj
def trust(session: Session, name: str, key: str, roles: Sequence[Role], voices: Sequence[str]) -> None:
    """Believe what KEY signs, a minisign public key or .pub file, under a NAME of your choice. Takes effect at once.

    An author makes voices, a station hands them out, and a consent signer witnesses what their owners agreed to.
    """
    from edge_agent.voices.keys import ROLES, Signer

    signer = Signer(name, public_key(key), tuple(roles) or ROLES, tuple(voices) or None)
    _trust_file(session).trust(signer)
    click.echo(signer.key.id)


@click.command("revoke")
@click.argument("name_or_key")
@click.option("--reason", default="revoked by hand", show_default=True, help="Why, for whoever wonders later.")
@click.pass_obj
def revoke(session: Session, name_or_key: str, reason: str) -> None:
    """Believe a key no longer, whatever it signed and whenever: voices signed by it fall silent. This is for good."""
    click.echo(_trust_file(session).revoke(name_or_key, reason).id)


def _trust_file(session: Session) -> TrustFile:
    from edge_agent.voices.keys import TrustFile

    check_access(session.config.paths.state_dir)
    return TrustFile(session.config.paths.keys)


COMMANDS = (init, show, trust, revoke)
