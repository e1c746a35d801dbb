"""Looking at a pack without believing it, and checking what can be without the device's key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.voices.consent import Consent, ConsentError
from edge_agent.voices.keys import Signature, Signer, Trust
from edge_agent.voices.pack.container import Slice, read_container
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import Manifest
from edge_agent.voices.pack.unpack import head, parse_body
from edge_agent.voices.pack.verify import check_signature, open_regular

_STANZA = re.compile(rb"^-> (\S+)", re.MULTILINE)
_MAX_HEADER_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Contents:
    """What a pack says, unchecked. ``manifest`` and ``consent`` are None if it is sealed for others."""

    sealed: bool
    n_recipients: int
    station: Signature | None
    author: Signature | None
    manifest: Manifest | None
    consent: Consent | None


def inspect_pack(pack: Path, identities: Sequence[Any] = ()) -> Contents:
    """
    Raises:
        PackError: it is so broken that nothing can be said of it.
    """
    with open_regular(pack) as file:
        container = read_container(file, Limits())
        station = _signature(container.signature)
        n_recipients = _n_recipients(container.body) if container.sealed else 0
        try:
            first = parse_body(container.body, head(Limits()), identities if container.sealed else None, to_the_end=False)
        except PackError as error:
            if error.reason != "wrong_device":
                raise
            return Contents(True, n_recipients, station, None, None, None)
    try:
        consent = Consent.from_bytes(first.consent)
    except ConsentError as error:
        raise PackError("consent_malformed", str(error)) from error
    return Contents(
        container.sealed, n_recipients, station, _signature(first.manifest_signature), Manifest.from_bytes(first.manifest), consent
    )


def verify_station(pack: Path, trust: Trust) -> Signer:
    """Check what needs no device's key: the outer form, and the station's signature of all of it.

    Raises:
        PackError: it is refused.
    """
    with open_regular(pack) as file:
        container = read_container(file, Limits())
        if container.signature is None:
            raise PackError("unsigned", "the pack is a draft that nobody signed; see: edge-agent voice sign")
        return check_signature(container.body, container.signature, trust, "station", container.name)


def _signature(content: bytes | None) -> Signature | None:
    if content is None:
        return None
    try:
        return Signature.from_bytes(content)
    except ValueError as error:
        raise PackError("forged", f"a signature of the pack is no minisign signature: {error}") from error


def _n_recipients(body: Slice) -> int:
    """Counts the stanzas of the age header, up to its MAC; greased ones, which every age file may have, are not recipients."""
    body.seek(0)
    header = body.read(min(body.size, _MAX_HEADER_BYTES)).partition(b"\n---")[0]
    return sum(not kind.endswith(b"-grease") for kind in _STANZA.findall(header))
