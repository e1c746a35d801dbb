"""The one form of ustar archive that packs consist of.

Plain files only, with everything that carries no meaning here fixed: mode 0644, owner 0, time 0, names of at most 100
bytes. A header is read by making anew what it should be and comparing all 512 bytes, so that nothing can hide in one and
each archive has exactly one spelling. GNU tar makes the same bytes::

    tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=644 --mtime=@0 -b1 -cf ARCHIVE FILE...
"""

from __future__ import annotations

import re

from edge_agent.voices.pack.errors import PackError

BLOCK = 512
END = bytes(2 * BLOCK)
MAX_NAME_BYTES = 100
_SIZE = re.compile(rb"[0-7]{11}\0")


def header(name: str, size: int) -> bytes:
    """The block before a file's bytes.

    Args:
        name: ASCII, at most 100 bytes.
        size: below 8 GiB.
    """
    fields = (
        name.encode("ascii").ljust(MAX_NAME_BYTES, b"\0"),
        b"0000644\0" + b"0000000\0" * 2,  # mode, owner, group
        b"%011o\0" % size,
        b"%011o\0" % 0,  # time
        b" " * 8,  # where the checksum goes, as it counts itself
        b"0" + bytes(100),  # a plain file, no link's target
        b"ustar\x0000" + bytes(64),  # no names of owner and group
        b"0000000\0" * 2,  # device numbers
        bytes(167),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def read_header(block: bytes) -> tuple[str, int]:
    """Name and size.

    Raises:
        PackError: ``malformed``: it is anything else than :func:`header` makes.
    """
    name, size = block[:MAX_NAME_BYTES].rstrip(b"\0"), block[124:136]
    if name.isascii() and _SIZE.fullmatch(size):
        found = name.decode("ascii"), int(size[:-1], 8)
        if header(*found) == block:
            return found
    raise PackError("malformed", f"not a plain archive: the header of {name[:40]!r} is not one a voice pack has")


def padding(size: int) -> int:
    """How many zero bytes follow ``size`` bytes of a file."""
    return -size % BLOCK


def member(name: str, content: bytes) -> bytes:
    """A whole file as it stands in an archive."""
    return header(name, len(content)) + content + bytes(padding(len(content)))


def member_bytes(size: int) -> int:
    """What a file of ``size`` takes in an archive."""
    return BLOCK + size + padding(size)
