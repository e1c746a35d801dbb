"""Where this machine's own packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

APT = Path("/etc/apt")
_LINE = re.compile(r"(?m)^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s*)?)(\S+)")


def archive(folder: Path = APT) -> str | None:
    """The first archive that apt is told of; None if there is none."""
    return next((found[1] for path in sources(folder) if (found := _LINE.search(path.read_text()))), None)


def sources(folder: Path = APT) -> Iterator[Path]:
    """The files in which apt is told of archives."""
    yield from (path for path in sorted((folder / "sources.list.d").glob("*")) if path.suffix in (".sources", ".list"))
    if (whole := folder / "sources.list").exists():
        yield whole
