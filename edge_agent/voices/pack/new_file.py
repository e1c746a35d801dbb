"""A file that is there whole, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(out: Path) -> Iterator[BinaryIO]:
    """A file that is there, whole and on the medium, when the block ends well, and not there otherwise."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    if out.exists():
        raise FileExistsError(f"{out} exists; remove it, or write to another file")
    try:
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, out)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            temporary.rename(out)  # FAT has no links; whoever made the file meanwhile loses it
    finally:
        temporary.unlink(missing_ok=True)
