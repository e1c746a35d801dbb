"""Names the state of this package, so that audio made by another state is never taken for its own."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

CONVENTION: Final = 1
"""Raised by hand when voices trained on the phonemes of before cannot read those of now."""

_SUFFIXES: Final = frozenset((".npz", ".py", ".tsv", ".txt"))


@lru_cache(maxsize=1)
def front_end_version() -> str:
    """`<convention>-<12 hexadecimal digits over every table and module>`."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if file.suffix in _SUFFIXES):
        digest.update(f"{name}\0".encode())
        digest.update(file.read_bytes())
    return f"{CONVENTION}-{digest.hexdigest()[:12]}"
