"""Files and folders that are there whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.disk import naming


@contextmanager
def staged_file(out: Path) -> Iterator[Path]:
    """A hidden name beside ``out``, in its folder, which is made if it is not there: the file written there takes the place of ``out``
    when the block ends well, and vanishes when it does not.

    Raises:
        OSError: the place cannot be written, or ``out`` is a folder.
    """
    if out.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file", str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        with naming(out):
            yield stage
        stage.rename(out)
    finally:
        stage.unlink(missing_ok=True)


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside ``out`` that takes its place when the block ends well, and vanishes when it does not. What is there
    stays until then.

    Raises:
        OSError: the place cannot be written.
    """
    stage = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage.mkdir()
        yield stage
        _put(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put(stage: Path, out: Path) -> None:
    if not out.exists():
        stage.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.rename(old)
    try:
        stage.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)
