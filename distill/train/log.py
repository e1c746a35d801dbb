"""The training log: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def append(path: Path, entry: Mapping[str, float]) -> None:
    """Add an entry. Half a line that a power cut left is cut off first, or the new one would be glued to it and lost as well.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(entry).encode() + b"\n")
