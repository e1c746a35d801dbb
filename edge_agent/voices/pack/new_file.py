"""A file that is there whole, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from edge_agent.disk import naming


@contextmanager
def new_file(out: Path) -> Iterator[BinaryIO]:
    """A file that is there, whole and on the medium, when the block ends well, and not there otherwise."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    if out.exists():
        raise FileExistsError(f"{out} exists; remove it, or write to another file")
    try:
        with naming(out), _opened(temporary, out) as file:
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
        with suppress(OSError):  # a folder that takes no file takes this no better, and the first error says why
            temporary.unlink(missing_ok=True)


def _opened(temporary: Path, out: Path) -> BinaryIO:
    try:
        return temporary.open("x+b")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from error
