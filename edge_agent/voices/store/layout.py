"""Where everything lies.

::

    <root>/<id>/<seq>/          one version: facts.json, files/..., and key.age where it is sealed
    <root>/.store/active.json   what is installed, what speaks, the counters; replaced by one rename
    <root>/.store/audit.jsonl   every change and refusal, chained by hashes; only grows
    <root>/.store/receipts/     signed receipts of deletions
    <root>/.store/staging-*     what is being installed
    <root>/.store/lock          one writer at a time
    <root>/.store/reserve       room to write the end of a deletion on a full disk

A voice's id never begins with a point, so none can be mistaken for ``.store``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

STAGING = "staging-"
FACTS = "facts.json"
FILES = "files"
KEY_SLOT = "key.age"
_SEQ = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the store's ``root``."""

    root: Path

    @property
    def own(self) -> Path:
        return self.root / ".store"

    @property
    def state(self) -> Path:
        return self.own / "active.json"

    @property
    def audit(self) -> Path:
        return self.own / "audit.jsonl"

    @property
    def receipts(self) -> Path:
        return self.own / "receipts"

    @property
    def lock(self) -> Path:
        return self.own / "lock"

    @property
    def reserve(self) -> Path:
        return self.own / "reserve"

    def voice(self, voice_id: str) -> Path:
        return self.root / voice_id

    def version(self, voice_id: str, seq: int) -> Path:
        return self.root / voice_id / str(seq)

    def folders(self) -> list[Path]:
        """Everything beside ``.store``, in use or not."""
        return sorted(path for path in self.root.iterdir() if path != self.own) if self.root.is_dir() else []

    def leftovers(self) -> list[Path]:
        """What an interrupted change has left among the store's own files."""
        if not self.own.is_dir():
            return []
        return sorted(path for path in self.own.iterdir() if path.name.startswith((STAGING, ".")))

    def address(self, folder: Path) -> tuple[str, int] | None:
        """Which voice and version a folder is; None for one that is not the store's."""
        if folder.parent.parent != self.root or not _SEQ.fullmatch(folder.name):
            return None
        return folder.parent.name, int(folder.name)
