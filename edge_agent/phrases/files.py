"""The folder of recordings. Each file is whole or absent, whatever moment the power goes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge_agent.disk import sync_folder

_RECORDING = re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}\.flac")
_INCOMING = "incoming.tmp"


class Files:
    """Recordings by name. Every method may raise OSError.

    Only one writer at a time may use a folder; the cache guarantees that by writing inside the index's write
    transaction, which locks out threads and processes alike.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def read(self, name: str, n_bytes: int) -> bytes:
        """Read a file expected to have ``n_bytes``; at most one byte more, so that a wrong length shows."""
        with self._path(name).open("rb", buffering=0) as file:
            return file.read(n_bytes + 1) or b""

    def write(self, name: str, blob: bytes) -> None:
        """Write, fsync, rename, fsync the folder. On failure nothing of it is left."""
        incoming = self.folder / _INCOMING
        try:
            with incoming.open("wb") as file:
                file.write(blob)
                file.flush()
                os.fsync(file.fileno())
            incoming.replace(self._path(name))
            self.sync()
        except OSError:
            incoming.unlink(missing_ok=True)
            raise

    def delete(self, name: str) -> None:
        """Delete a recording; one that is gone already is no error."""
        self._path(name).unlink(missing_ok=True)

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def names(self) -> set[str]:
        """Recordings present. Files that are not ours are not listed, so that nothing ever deletes them."""
        with os.scandir(self.folder) as listing:
            return {item.name for item in listing if _RECORDING.fullmatch(item.name)}

    def discard_incoming(self) -> None:
        """Delete what a writer that died half-way has left."""
        (self.folder / _INCOMING).unlink(missing_ok=True)

    def sync(self) -> None:
        """Have renames and deletions survive a power cut."""
        sync_folder(self.folder)

    def free_bytes(self) -> int:
        """What an ordinary process may still write to this disk."""
        disk = os.statvfs(self.folder)
        return disk.f_bavail * disk.f_frsize

    def _path(self, name: str) -> Path:
        if not _RECORDING.fullmatch(name):
            raise OSError(f"{name!r} is not the name of a recording")
        return self.folder / name
