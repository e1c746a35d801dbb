"""What the store asks of keys and packs, so that it can be tried with others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from edge_agent.voices.consent import Consent
from edge_agent.voices.keys import SecretKey, Trust
from edge_agent.voices.pack import Manifest, OpenPack, open_pack, verify_author, verify_folder


class Parcel(Protocol):
    """A pack whose signatures were found good; its files are checked as they come out."""

    manifest: Manifest
    consent: Consent

    def extract_to(self, folder: Path) -> None:
        """Write every file below ``folder``, which is empty, with the manifest and its signature.

        Raises:
            PackError: a file is not what the manifest says.
            OSError: it could not be written.
        """
        ...

    def __enter__(self) -> Parcel: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Gate(Protocol):
    """Decides what may come in and what may be used, and signs for this device."""

    identities: tuple[Any, ...]
    """The device's age identities (pyrage's); voices are sealed to the first, and on a device without any they are not sealed."""

    def open(self, source: Path | BinaryIO, now: datetime) -> Parcel:
        """
        Raises:
            PackError: it is not to be believed, not for this device, or not for now.
        """
        ...

    def verify(self, folder: Path, now: datetime, only: Collection[str] | None = None) -> Manifest:
        """Check an installed voice's signatures, files, consent and time.

        Args:
            only: paths of the files that are to be used, if that is not all.

        Raises:
            PackError: it may not be used.
        """
        ...

    def verify_author(self, folder: Path) -> None:
        """Check the signature of an installed voice's manifest, which also lies open where the voice is sealed.

        Raises:
            PackError: its author is not to be believed, or it cannot be read.
        """
        ...

    def sign(self, content: bytes, comment: str) -> bytes | None:
        """A minisign signature of the device; None on a device without keys."""
        ...


@dataclass(frozen=True, slots=True)
class KeyGate:
    """A gate made of this device's keys. ``trust`` is asked every time: signers are revoked while the daemon runs."""

    trust: Callable[[], Trust]
    identities: tuple[Any, ...] = ()
    signer: SecretKey | None = None

    def open(self, source: Path | BinaryIO, now: datetime) -> OpenPack:
        return open_pack(source, trust=self.trust(), identities=self.identities, now=now)

    def verify(self, folder: Path, now: datetime, only: Collection[str] | None = None) -> Manifest:
        return verify_folder(folder, trust=self.trust(), now=now, only=only)

    def verify_author(self, folder: Path) -> None:
        verify_author(folder, trust=self.trust())

    def sign(self, content: bytes, comment: str) -> bytes | None:
        return None if self.signer is None else self.signer.sign(content, comment)
