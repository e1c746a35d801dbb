"""Small JSON files that a power cut leaves either as they were or as they shall be."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent import disk


def write(path: Path, values: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Replace a file: temporary file beside it, fsync, rename, fsync of the folder. Never readable by more than ``mode`` says.

    Raises:
        OSError: it could not be written; the old one is whole.
    """
    write_bytes(path, (json.dumps({"version": 1, **values}, ensure_ascii=False, indent=1) + "\n").encode(), mode=mode)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """:func:`write` of a file that is not JSON.

    Raises:
        OSError: it could not be written; the old one is whole.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file does, cheap to ask for; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def read(path: Path) -> dict[str, Any] | None:
    """What :func:`write` wrote; None where there is no file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not one of ours.
    """
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(values, dict) or values.pop("version", None) != 1:
        raise ValueError(f"{path} is not a state file of version 1")
    return values


def remove(path: Path) -> None:
    """Forget a file, for good.

    Raises:
        OSError: it cannot be removed.
    """
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have a rename or removal survive a power cut, where the file system can."""
    with contextlib.suppress(OSError):
        disk.sync_folder(folder)


def give_to_owner_of(folder: Path, *paths: Path) -> None:
    """What root made in the service's folder is the service's: it could not read it otherwise.

    Raises:
        OSError: it cannot be given away.
    """
    if os.geteuid() == 0:
        owner = folder.stat()
        for path in paths:
            os.chown(path, owner.st_uid, owner.st_gid)
