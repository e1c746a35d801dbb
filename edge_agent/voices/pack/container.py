"""The outside of a pack file: an archive of a signature and the one file it covers.

==============================  ===============================================================================
``voice.tar.age.minisig``       the station's signature of the next file (``voice.tar.minisig`` of an open pack)
``voice.tar.age``               the voice's archive, sealed with age (``voice.tar`` of an open pack)
==============================  ===============================================================================

Nothing else, in this order, and nothing after the end. A draft, which nobody signed, has ``voice.tar`` only.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

from edge_agent.voices.pack import ustar
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits

OPEN_BODY, SEALED_BODY = "voice.tar", "voice.tar.age"
_SUFFIX = ".minisig"
_SIGNATURES = {f"{body}{_SUFFIX}": body for body in (OPEN_BODY, SEALED_BODY)}


class Slice:
    """Part of a file as a stream of its own; notes the SHA-256 of what was read since it was last at its beginning."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file, self._offset, self.size = file, offset, size
        self._at, self._digest = 0, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """
        Raises:
            PackError: ``unreadable``, or ``truncated``: the file has become shorter.
        """
        left = self.size - self._at
        wanted = left if size < 0 else min(size, left)
        content = read_exactly(self._file, self._offset + self._at, wanted)
        self._at += wanted
        self._digest.update(content)
        return content

    def seek(self, offset: int, /) -> int:
        if offset:
            raise ValueError("only to the beginning, as the digest is of all that was read")
        self._at, self._digest = 0, hashlib.sha256()
        return 0

    def sha256(self) -> str:
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Container:
    """Where things are in a pack file, found without believing anything in it."""

    name: str
    signature: bytes | None
    body: Slice

    @property
    def sealed(self) -> bool:
        return self.name == SEALED_BODY


def read_container(file: BinaryIO, limits: Limits) -> Container:
    """
    Raises:
        PackError: ``unreadable``, ``truncated``, ``malformed`` or ``too_large``.
    """
    try:
        total = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise _unreadable(error) from error
    if total > limits.pack_bytes:
        raise PackError("too_large", f"the pack has {total} bytes; at most {limits.pack_bytes} are taken")
    name, size = ustar.read_header(read_exactly(file, 0, ustar.BLOCK))
    offset, signature = 0, None
    if name in _SIGNATURES:
        if size > limits.signature_bytes:
            raise PackError("too_large", f"the pack's signature has {size} bytes; at most {limits.signature_bytes} are taken")
        signature = read_padded(file, ustar.BLOCK, size)
        offset = ustar.member_bytes(size)
        expected = _SIGNATURES[name]
        name, size = ustar.read_header(read_exactly(file, offset, ustar.BLOCK))
        if name != expected:
            raise PackError("malformed", f"the pack's signature is followed by {name!r} instead of {expected}")
    elif name not in (OPEN_BODY, SEALED_BODY):
        raise PackError("malformed", f"the archive begins with {name!r} and is no voice pack")
    start = offset + ustar.BLOCK
    end = offset + ustar.member_bytes(size) + len(ustar.END)
    if total > end:
        raise PackError("malformed", f"{total - end} bytes follow the end of the pack")
    if any(read_exactly(file, start + size, end - start - size)):
        raise PackError("malformed", "the pack has bytes between its end and the end of the file")
    return Container(name, signature, Slice(file, start, size))


def signature_name(body: str) -> str:
    return f"{body}{_SUFFIX}"


def read_exactly(file: BinaryIO, offset: int, size: int) -> bytes:
    """
    Raises:
        PackError: ``unreadable`` or ``truncated``.
    """
    try:
        file.seek(offset)
        content = file.read(size)
    except OSError as error:
        raise _unreadable(error) from error
    if len(content) < size:
        raise PackError("truncated", f"the pack ends at byte {offset + len(content)}; copy it again, and eject the stick before pulling it")
    return content


def read_padded(file: BinaryIO, offset: int, size: int) -> bytes:
    """A small file of the archive, whose padding must be zeros.

    Raises:
        PackError: ``unreadable``, ``truncated`` or ``malformed``.
    """
    content = read_exactly(file, offset, size + ustar.padding(size))
    if any(content[size:]):
        raise PackError("malformed", "the pack has bytes between its files")
    return content[:size]


def _unreadable(error: OSError) -> PackError:
    return PackError("unreadable", f"the pack cannot be read: {error.strerror or error}")
