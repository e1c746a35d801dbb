"""Lists of sentences in ``distill/data``: one a line, remarks behind ``#``."""

from __future__ import annotations

from importlib import resources


def listed(name: str) -> list[str]:
    """The sentences of one file."""
    body = (resources.files("distill") / "data" / name).read_text("utf-8")
    return [line.strip() for line in body.splitlines() if line.strip() and not line.startswith("#")]
