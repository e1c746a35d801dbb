"""Writing a pack's files into a folder, where nothing the pack says can lead out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from edge_agent.voices.pack.manifest import FileEntry
from edge_agent.voices.pack.unpack import Sink

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def folder_sink(folder: Path) -> Iterator[Sink]:
    """Where each file becomes one in ``folder`` (0600) and is on the medium when its block ends.

    Raises:
        OSError: the folder is missing or not empty.
    """
    root = os.open(folder, _FOLDER)
    try:
        if os.listdir(root):  # noqa: PTH208 (by its descriptor: the path may have changed)
            raise FileExistsError(f"{folder} is not empty")
        yield lambda entry: _new_file(root, entry)
        _sync_below(root)
    finally:
        os.close(root)


@contextmanager
def _new_file(root: int, entry: FileEntry) -> Iterator[BinaryIO]:
    *folders, name = entry.path.split("/")
    parent = os.dup(root)
    try:
        for each in folders:
            parent = _descend(parent, each)
        with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=parent), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    finally:
        os.close(parent)


def _descend(parent: int, name: str) -> int:
    try:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        child = os.open(name, _FOLDER, dir_fd=parent)
    finally:
        os.close(parent)
    return child


def _sync_below(folder: int) -> None:
    for _, _, _, descriptor in os.fwalk(".", topdown=False, dir_fd=folder):
        os.fsync(descriptor)
