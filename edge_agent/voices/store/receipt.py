"""What is left of a deleted voice: a statement, signed by the device, that it is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = "voice-deletion/1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """``at`` is UTC, ``versions`` are sequence numbers, ``keys_destroyed`` how many keys of sealed versions; ``erased`` says
    how much was removed of what. ``requested_by`` is who asked. ``path`` is where the receipt lies, with its signature beside
    it unless the device has no key."""

    device: str
    voice: str
    versions: tuple[int, ...]
    at: str
    requested_by: str
    keys_destroyed: int
    erased: Mapping[str, int]
    path: Path
    signed: bool

    def to_bytes(self) -> bytes:
        """What is signed: UTF-8 JSON with sorted keys."""
        values = {"format": FORMAT, **{name: value for name, value in asdict(self).items() if name not in ("path", "signed")}}
        return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
