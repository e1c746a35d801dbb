"""What it takes for a change to outlive a power cut, and what a full disk says."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a disk, somebody's share of one, or a file says that takes no more; any other error is of a disk that fails or refuses writing."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have a disk that is full while ``path`` is written say so: the system names no file then."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def trouble(error: OSError) -> str:
    """The word for it in errors of the voice store and of the stick: against a full disk something can be deleted, against another
    trouble not."""
    return "disk" if error.errno in FULL else "state"


def sync_folder(folder: Path) -> None:
    """Have what was created, renamed or removed in ``folder`` survive.

    Raises:
        OSError: it may not.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
