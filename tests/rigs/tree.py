"""Trees of files, such as another machine's sysfs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def grow(root: Path, files: Mapping[str, str]) -> Path:
    """``root``, with files by their names in it."""
    for name, text in files.items():
        write(root, name, text)
    return root
