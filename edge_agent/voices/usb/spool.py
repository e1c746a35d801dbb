"""A pack's own copy: a hostile stick can answer two readings differently, so it is read once."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from edge_agent.disk import trouble
from edge_agent.voices.usb.folder import Limits, StickError

_PIECE_BYTES = 1 << 20
_SPACE_FACTOR = 2
"""The copy, and the voice that comes out of it."""


@contextmanager
def copied(source: BinaryIO, folder: Path, limits: Limits) -> Iterator[BinaryIO]:
    """A copy of ``source`` in a file of ``folder`` that has no name: a power cut leaves nothing of it.

    Raises:
        StickError: ``unreadable``; ``too_large``, whatever its size was said to be; ``disk``: no room here; ``state``: this device's disk
            fails, or may not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        size = os.fstat(source.fileno()).st_size
        room = os.statvfs(folder)
        if room.f_bavail * room.f_frsize < _SPACE_FACTOR * size:
            raise StickError("disk", f"this device has too little room for a pack of {size >> 20} MiB")
        copy = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 closed below, but not before who asked is done with it
    except OSError as error:
        raise StickError(trouble(error), f"{folder} cannot be written to: {error.strerror}") from error
    with copy:
        n_bytes = 0
        while piece := _read(source):
            n_bytes += len(piece)
            if n_bytes > limits.pack_bytes:
                raise StickError("too_large", f"it does not end after {limits.pack_bytes} bytes")
            _write(copy, piece)
        copy.seek(0)
        yield copy


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(_PIECE_BYTES)
    except OSError as error:
        raise StickError("unreadable", f"it cannot be read to its end: {error.strerror}") from error


def _write(copy: BinaryIO, piece: bytes) -> None:
    try:
        copy.write(piece)
        copy.flush()
    except OSError as error:
        reason = "too_large" if error.errno == errno.EFBIG else trouble(error)
        raise StickError(reason, f"its copy cannot be written: {error.strerror}") from error
