"""Encryption as age has it, of streams, with no error lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO


def encrypt(source: BinaryIO, target: BinaryIO, recipients: Sequence[Any]) -> None:
    """Write what is left of ``source`` to ``target``, so that only ``recipients`` (of pyrage) can read it.

    Raises:
        OSError: it cannot be read or written.
    """
    import pyrage

    sink = _Sink(target)
    try:
        pyrage.encrypt_io(source, sink, recipients)
    finally:
        if sink.error is not None:
            raise sink.error


class _Sink:
    """Remembers that a write failed: pyrage keeps to itself what becomes of the last one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self.error = error
            raise
