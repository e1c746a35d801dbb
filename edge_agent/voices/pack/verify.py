"""Whether a voice may be used: signatures, times, consent and, once it is installed, every file again."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from edge_agent.voices.consent import Consent, ConsentError, verify_consent_bytes
from edge_agent.voices.keys import Role, Signature, SignatureRefused, Signer, Trust
from edge_agent.voices.keys.minisig import COMMENT, Readable
from edge_agent.voices.pack.chime import read_chime
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import CONSENT, CONSENT_SIGNATURE, MANIFEST, MANIFEST_SIGNATURE, FileEntry, Manifest
from edge_agent.voices.pack.program import Program
from edge_agent.voices.pack.unpack import CHUNK_BYTES, Head


def verify_folder(
    folder: Path,
    *,
    trust: Trust,
    now: datetime,
    limits: Limits | None = None,
    program: Program | None = None,
    only: Collection[str] | None = None,
) -> Manifest:
    """Check a voice that lies in a folder as a pack had it; files the manifest does not list are ignored.

    Args:
        now: with its time zone.
        program: what is to speak it; None is this program.
        only: paths of the files that are to be used, if that is not all; the others need not be there.

    Raises:
        PackError: it may not be used; see its ``reason``.
    """
    limits = limits or Limits()
    manifest_bytes = _read(folder, MANIFEST, limits.manifest_bytes, "malformed")
    signature = _read(folder, MANIFEST_SIGNATURE, limits.signature_bytes, "unsigned")
    consent = _read(folder, CONSENT, limits.consent_bytes, "no_consent")
    consent_signature = _read(folder, CONSENT_SIGNATURE, limits.signature_bytes, "no_consent")
    manifest, _, _ = check_head(Head(manifest_bytes, signature, consent, consent_signature), trust, now, limits, program)
    wanted = {entry.path for entry in manifest.files} if only is None else only
    for entry in manifest.files:
        if entry.path in wanted:
            _check_file(folder, entry)
    chimes = {name: path for name, path in manifest.chimes.items() if path in wanted}
    for name, path in chimes.items():
        read_chime(name, (folder / path).read_bytes())
    return manifest


def verify_author(folder: Path, *, trust: Trust) -> None:
    """Check who made the voice in a folder, of which nothing else can be read there: it is sealed, all but its manifest.

    Raises:
        PackError: not somebody who may be relied on.
    """
    limits = Limits()
    manifest = _read(folder, MANIFEST, limits.manifest_bytes, "malformed")
    _check_author(manifest, _read(folder, MANIFEST_SIGNATURE, limits.signature_bytes, "unsigned"), trust, limits)


def check_head(
    head: Head, trust: Trust, now: datetime, limits: Limits, program: Program | None
) -> tuple[Manifest, Signer, Consent]:
    """The manifest and who made it, and the owner's consent, if all may be relied on at ``now`` by ``program``.

    Raises:
        PackError: they may not.
    """
    if head.manifest_signature is None:
        raise PackError("unsigned", "the voice's author has not signed the manifest; see: edge-agent voice sign")
    manifest, author = _check_author(head.manifest, head.manifest_signature, trust, limits)
    manifest.check_time(now)
    consent = _check_consent(head, trust, now, manifest.id)
    (program or Program.current()).check(manifest)
    entries = {entry.path: entry for entry in manifest.files}
    for path, content in ((CONSENT, head.consent), (CONSENT_SIGNATURE, head.consent_signature)):
        if entries[path] != FileEntry(path, len(content), hashlib.sha256(content).hexdigest()):
            raise PackError("damaged", f"{path} is not the file the manifest was made for")
    return manifest, author, consent


def _check_author(content: bytes, signature: bytes, trust: Trust, limits: Limits) -> tuple[Manifest, Signer]:
    author = check_signature(content, signature, trust, "author", MANIFEST)
    manifest = Manifest.from_bytes(content, limits)
    check_voice(author, manifest.id)
    return manifest, author


def check_signature(content: bytes | Readable, signature: bytes, trust: Trust, role: Role, what: str) -> Signer:
    """Who signed ``content``; the signature must be spelled as the stock tool does to the last byte.

    Raises:
        PackError: ``forged``, ``untrusted`` or ``revoked``.
    """
    try:
        parsed = Signature.from_bytes(signature)
    except ValueError as error:
        raise PackError("forged", f"the signature of {what} is no minisign signature: {error}") from error
    if parsed.untrusted_comment != COMMENT:
        raise PackError("forged", f"the signature of {what} has another untrusted comment than minisign's own")
    try:
        return trust.verify(content, parsed, role)
    except SignatureRefused as refused:
        raise PackError(refused.reason, f"{what} was {refused}") from refused


def check_voice(signer: Signer, voice_id: str) -> None:
    """
    Raises:
        PackError: ``untrusted``: the signer counts only for other voices.
    """
    if not signer.may_sign_for(voice_id):
        theirs = ", ".join(signer.voices or ())
        raise PackError("untrusted", f"{signer.name} is trusted only for the voices {theirs}, not for {voice_id}")


def _check_consent(head: Head, trust: Trust, now: datetime, voice_id: str) -> Consent:
    try:
        signer = trust.verify(head.consent, Signature.from_bytes(head.consent_signature), "consent")
        check_voice(signer, voice_id)
        return verify_consent_bytes(head.consent, head.consent_signature, [signer.key.text], now)
    except ConsentError as error:
        raise PackError(_CONSENT_REASONS.get(error.reason, "no_consent"), str(error)) from error
    except SignatureRefused as refused:
        raise PackError(_CONSENT_REASONS[refused.reason], f"the consent was {refused}") from refused
    except ValueError as error:
        raise PackError("consent_forged", f"the consent's signature is no minisign signature: {error}") from error


_CONSENT_REASONS = {
    "forged": "consent_forged",
    "untrusted": "consent_untrusted",
    "revoked": "consent_revoked",
    "malformed": "consent_malformed",
    "not_yet_valid": "consent_not_yet_valid",
    "expired": "consent_expired",
}


def _check_file(folder: Path, entry: FileEntry) -> None:
    digest, left = hashlib.sha256(), entry.size + 1
    try:
        with open_regular(folder / entry.path) as file:
            while left and (chunk := file.read(min(left, CHUNK_BYTES))):
                left -= len(chunk)
                digest.update(chunk)
    except OSError as error:
        raise PackError("unreadable", f"{folder / entry.path} cannot be read: {error.strerror}; install the voice again") from error
    if left != 1 or digest.hexdigest() != entry.sha256:
        raise PackError("damaged", f"{folder / entry.path} is not the file the voice was signed with; install the voice again")


def _read(folder: Path, name: str, most: int, missing: str) -> bytes:
    path = folder / name
    if not path.exists():
        raise PackError(missing, f"{path} does not exist; install the voice again")
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise PackError("unreadable", f"{path} cannot be read: {error.strerror}; install the voice again") from error
    if len(content) > most:
        raise PackError("too_large", f"{path} has more than {most} bytes")
    return content


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read that is a file: no link, no pipe that never ends.

    Raises:
        PackError: ``unreadable``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a link, which is not followed" if error.errno == errno.ELOOP else error.strerror
        raise PackError("unreadable", f"{path} cannot be read: {why}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PackError("unreadable", f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")
