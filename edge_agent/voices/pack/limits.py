"""How much a pack may ask of the device that reads it."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Checked before the bytes in question are read. Those of the format itself are in :mod:`.manifest`."""

    pack_bytes: int = 600 * MIB
    file_bytes: int = 512 * MIB
    manifest_bytes: int = 256 << 10
    consent_bytes: int = 2 * MIB
    signature_bytes: int = 16 << 10
    files: int = 256
