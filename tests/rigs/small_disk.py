"""A disk that is really full: a small file system of its own where we may mount one, else a limit on the size of files."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MIB = 1 << 20


class SmallDisk:
    """``folder`` lies on a file system of ``size`` bytes, as far as we may mount one.

    Without that, no file can grow beyond what :meth:`leave` left: the kernel refuses the write all the same.
    """

    def __init__(self, folder: Path, size: int, *, mount: bool = True) -> None:
        self.folder = folder
        folder.mkdir()
        self._filler = folder / ".filler"
        options = ["-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
        self.is_mounted = mount and subprocess.run(["mount", *options], capture_output=True, check=False, timeout=30).returncode == 0
        self._usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def leave(self, n_bytes: int) -> None:
        """Fill the disk up to the last ``n_bytes``."""
        if not self.is_mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, self._usual[1]))
            return
        status = os.statvfs(self.folder)
        with self._filler.open("ab", buffering=0) as filler:
            left = status.f_bavail * status.f_frsize - n_bytes
            while left > 0:
                left -= filler.write(bytes(min(left, MIB)))

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, self._usual)

    def close(self) -> None:
        self.make_room()
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True, timeout=30)


@pytest.fixture(params=["file system", "size of files"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    with contextlib.closing(SmallDisk(tmp_path / "disk", 40 * MIB, mount=request.param == "file system")) as disk:
        yield disk
