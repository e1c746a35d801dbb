"""What several commands take: folders, files, keys and passwords."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_agent.cli.app import Session
from edge_agent.errors import EdgeAgentError

if TYPE_CHECKING:
    from edge_agent.voices.keys import PublicKey, SecretKey

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
PREFIX = click.option(
    "--prefix", type=click.Path(path_type=Path, file_okay=False, exists=True), default="/", show_default=True,
    help="Root of the system or image.",
)
PASSWORD = click.option("--password-file", type=FILE, metavar="FILE", help="Password of encrypted keys, on its first line.")
IDENTITY = click.option("--identity", type=FILE, metavar="FILE", help="Open the seal with this age key, and not with the device's.")


def secret_key(path: Path, password_file: Path | None) -> SecretKey:
    """A minisign key, opened by the first line of the file of its password.

    Raises:
        EdgeAgentError, OSError: it cannot be read, or not with this password.
    """
    from edge_agent.voices.keys import SecretKey

    return SecretKey.read(path, _text(password_file).split("\n")[0].rstrip("\r") if password_file else None)


def public_key(text: str) -> PublicKey:
    """A minisign public key, itself or in a .pub file.

    Raises:
        EdgeAgentError, OSError: it is none, or cannot be read.
    """
    from edge_agent.voices.keys import KeysError, PublicKey

    path = Path(text)
    if path.is_file():
        return PublicKey.parse(_text(path))
    try:
        return PublicKey.parse(text)
    except KeysError as error:
        raise EdgeAgentError(f"{text!r} is no minisign public key, which is the second line of a .pub file, and no file either") from error


def identities(session: Session, identity: Path | None) -> tuple[Any, ...]:
    """The age identities that open seals: of the file ``identity``, or else the device's own.

    Raises:
        KeysError: they cannot be read.
    """
    from edge_agent.voices.keys import load_device_keys, read_identities

    if identity is not None:
        return read_identities(identity)
    keys = load_device_keys(session.config.paths.keys, os.environ)
    return keys.identities if keys else ()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise EdgeAgentError(f"{path} is no text in UTF-8; is it the right file?") from error
