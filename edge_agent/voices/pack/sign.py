"""Making a pack: sign a draft, and seal it for devices."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent.voices.encryption import encrypt
from edge_agent.voices.keys import KeysError, SecretKey, Signature
from edge_agent.voices.pack import ustar
from edge_agent.voices.pack.container import OPEN_BODY, SEALED_BODY, Container, Slice, read_container, signature_name
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import MANIFEST, MANIFEST_SIGNATURE, Manifest
from edge_agent.voices.pack.new_file import new_file
from edge_agent.voices.pack.unpack import Head, head, parse_body
from edge_agent.voices.pack.verify import open_regular


def sign_pack(pack: Path, out: Path, *, station: SecretKey, author: SecretKey | bytes | None = None) -> None:
    """Sign a draft, or sign a pack anew that is not sealed.

    Args:
        station: signs the pack file.
        author: signs the manifest; or the signature of it, made elsewhere by the stock tool; None keeps the one it has.

    Raises:
        PackError: it is no such pack, or has no signature to keep.
        OSError: ``out`` exists or cannot be written.
    """
    with open_regular(pack) as file:
        container, first = _open_unsealed(file)
        signature = first.manifest_signature
        if isinstance(author, bytes):
            signature = _foreign_signature(author)
        elif author is not None:
            signature = author.sign(first.manifest, _trusted_comment(first))
        if signature is None:
            raise PackError("unsigned", "nobody has signed the manifest yet; give the author's key or signature")
        kept = first.manifest_bytes + (ustar.member_bytes(len(first.manifest_signature)) if first.manifest_signature else 0)
        beginning = ustar.member(MANIFEST, first.manifest) + ustar.member(MANIFEST_SIGNATURE, signature)
        container.body.seek(0)
        container.body.read(kept)

        def write_body(target: BinaryIO) -> None:
            target.write(beginning)
            shutil.copyfileobj(container.body, target)

        _write_signed(out, OPEN_BODY, write_body, station, _trusted_comment(first))


def seal_pack(pack: Path, out: Path, *, recipients: Sequence[str], station: SecretKey) -> None:
    """Encrypt a signed pack so that only these devices can read it, and sign the result.

    Args:
        recipients: age public keys: ``age1...``.

    Raises:
        PackError: it is no such pack, or a draft.
        KeysError: a recipient is no age key, or there is none.
        OSError: ``out`` exists or cannot be written.
    """
    keys = [_recipient(each) for each in dict.fromkeys(recipients)]
    if not keys:
        raise KeysError("a pack must be sealed for at least one device; its key is shown by: edge-agent keys show")
    with open_regular(pack) as file:
        container, first = _open_unsealed(file)
        if first.manifest_signature is None:
            raise PackError("unsigned", f"{pack} is a draft; sign it first: edge-agent voice sign")
        container.body.seek(0)
        _write_signed(
            out, SEALED_BODY, lambda target: encrypt(container.body, target, keys), station, _trusted_comment(first)
        )


def _open_unsealed(file: BinaryIO) -> tuple[Container, Head]:
    container = read_container(file, Limits())
    if container.sealed:
        raise PackError("malformed", "the pack is sealed already; take the one it was sealed from")
    return container, parse_body(container.body, head(Limits()), None, to_the_end=False)


def _trusted_comment(first: Head) -> str:
    """What ``minisign -V`` shows the technician."""
    manifest = Manifest.from_bytes(first.manifest)
    return f"voice={manifest.id} seq={manifest.seq} version={manifest.version}"


def _foreign_signature(content: bytes) -> bytes:
    """A signature by the stock tool, with its untrusted comment made minisign's own, which packs require."""
    try:
        return Signature.from_bytes(content).with_own_comment().content
    except ValueError as error:
        raise PackError("forged", f"this is no minisign signature: {error}") from error


def _recipient(text: str) -> Any:
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise KeysError(f"{text[:80]!r} is no age public key ({error}); the device shows its own: edge-agent keys show") from error


def _write_signed(out: Path, name: str, write_body: Any, station: SecretKey, comment: str) -> None:
    blank = station.sign(b"", comment)  # as long as the signature will be
    start = ustar.member_bytes(len(blank)) + ustar.BLOCK
    with new_file(out) as file:
        file.write(bytes(start))
        write_body(file)
        size = file.tell() - start
        file.write(bytes(ustar.padding(size)) + ustar.END)
        signature = station.sign(Slice(file, start, size), comment)
        file.seek(0)
        file.write(ustar.member(signature_name(name), signature) + ustar.header(name, size))
