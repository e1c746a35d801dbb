"""Where the machine's images are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/edge-voice-agent/guest``: outside the repository, since it takes some gigabytes."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-voice-agent" / "guest"


@dataclass(frozen=True, slots=True)
class Paths:
    """Files of one guest; everything below ``cache`` can be made again."""

    cache: Path

    @property
    def root(self) -> Path:
        """The tree the disk is made of."""
        return self.cache / "root"

    @property
    def wheels(self) -> Path:
        return self.cache / "wheels"

    @property
    def kernel(self) -> Path:
        return self.cache / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.cache / "initrd"

    @property
    def disk(self) -> Path:
        """The disk with the state "ready" in it, from which every test starts."""
        return self.cache / "disk.qcow2"

    @property
    def run(self) -> Path:
        """Disks, sockets, sounds and logs of the tests in progress."""
        return self.cache / "run"
