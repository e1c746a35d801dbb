"""A file of phrases, as people write it."""

from __future__ import annotations

from pathlib import Path


def read_phrases(path: Path) -> list[str]:
    """Phrases in UTF-8, one a line; empty lines and those that begin with # are none.

    Raises:
        OSError, UnicodeError: it cannot be read.
    """
    lines = map(str.strip, path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
