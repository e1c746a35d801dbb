"""One process at a time writes a folder that takes hours to fill."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import EdgeAgentError


class FolderInUse(EdgeAgentError):
    """Another process writes the folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the only one that writes ``folder``, which is made if it is not there. The kernel ends the claim with the process, so
    that none outlives a crash.

    Raises:
        FolderInUse: somebody else is.
        OSError: the folder cannot be made or opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(f"another process is writing {folder}; wait until it has finished, or end it") from None
    except OSError:  # a network's file system that locks no folders: as good as without
        return
