"""The files by which a device tells of itself, below any root: a test's is not /."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the kernel's table of mounts."""

    folder: Path
    kind: str
    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class System:
    """A file system seen from ``root``. Paths are written as the device knows them."""

    root: Path = Path("/")

    def at(self, path: str | Path) -> Path:
        return self.root / str(path).lstrip("/")

    def exists(self, path: str | Path) -> bool:
        return self.at(path).exists()

    def read(self, path: str | Path) -> str:
        """The text, empty if there is none to be read: a file below /sys may be there and answer with an error."""
        try:
            return self.at(path).read_text("utf-8", "replace").replace("\0", "\n").strip()
        except OSError:
            return ""

    def number(self, path: str | Path) -> int | None:
        text = self.read(path)
        return int(text) if re.fullmatch(r"-?\d+", text) else None

    def mount_of(self, path: Path) -> Mount | None:
        """What ``path`` lies on, there or not."""
        found = None
        for line in self.read("/proc/mounts").splitlines():
            fields = line.split(" ")
            if len(fields) < 4:
                continue
            folder = Path(fields[1])
            # Of two at the same place, the later one covers the earlier.
            if path.is_relative_to(folder) and (found is None or folder.is_relative_to(found.folder)):
                found = Mount(folder, fields[2], frozenset(fields[3].split(",")))
        return found
