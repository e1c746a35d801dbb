"""Files that a power cut leaves whole or absent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge_agent.disk import sync_folder
from edge_agent.voices.store.errors import StoreError

SPARE_BYTES = 16 << 20
"""Left to everything else on the disk."""


def sync_tree(folder: Path) -> None:
    """Have every file and folder below, and ``folder`` itself, on the disk.

    Raises:
        OSError: something may not be.
    """
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            descriptor = os.open(Path(parent, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(parent))


def write_file(path: Path, content: bytes) -> None:
    """A new file, on the disk; its folder is not synced.

    Raises:
        OSError: it could not be written, or exists.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds, for good; one that is not there is removed already.

    Raises:
        OSError: some of it is still there.
    """
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
    else:
        shutil.rmtree(folder)
    sync_folder(folder.parent)


def overwrite(path: Path) -> None:
    """Replace what a small file says by zeros, in place and on the disk.

    Raises:
        OSError: it could not be.
    """
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            left = os.fstat(descriptor).st_size
            while left:
                left -= os.write(descriptor, bytes(min(left, 4096)))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """What may still be written."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def check_room(folder: Path, n_bytes: int, what: str) -> None:
    """
    Args:
        what: they are for, for the message.

    Raises:
        StoreError: ``disk``: so many bytes more would not leave enough.
        OSError: the disk cannot be asked.
    """
    free = free_bytes(folder)
    if free < n_bytes + SPARE_BYTES:
        raise StoreError("disk", f"only {free} bytes are free for {what}; make room on the disk")


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Be the only one who changes the store; the kernel ends it with the process.

    Raises:
        StoreError: ``busy``: somebody else does, and ``wait`` is false.
        OSError: the lock file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise StoreError("busy", "another program is changing the store; try again when it has finished") from None
        yield
    finally:
        os.close(descriptor)
