"""Where this machine's own packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(r"(?m)^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s*)?)(\S+)")


def archive(folder: Path = Path("/etc/apt")) -> str | None:
    """The first archive that apt is told of; None if there is none."""
    return next((found[1] for path in _sources(folder) if (found := _LINE.search(path.read_text()))), None)


def _sources(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted((folder / "sources.list.d").glob("*")) if path.suffix in (".sources", ".list"))
    if (whole := folder / "sources.list").exists():
        yield whole
