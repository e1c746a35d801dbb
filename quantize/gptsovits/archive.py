"""The zip archive PyTorch writes: its files looked up by the directory, checked, and read in place."""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from pathlib import Path

from quantize.gptsovits.errors import CheckpointRefused

MAX_FILE_BYTES = 2 << 30
MAX_MEMBERS = 20_000
LOCAL_HEADER = 30

HEADERS = {
    b"PK": "",
    b"00": "v1",
    b"01": "v2",
    b"02": "v3",
    b"03": "v3 LoRA",
    b"04": "v4 LoRA",
    b"05": "v2Pro",
    b"06": "v2ProPlus",
}
"""First two bytes of a file: those of an archive, or a version written over them."""


class Archive:
    """``header`` is the version that the first bytes name, empty for a plain archive.

    The written-over bytes belong to the first file's local header, of which only two lengths are read here, so that they
    need not be put back: the directory at the end says everything else.

    Raises:
        CheckpointRefused: it is truncated, damaged, compressed, too large, or no archive.
    """

    def __init__(self, path: Path) -> None:
        self.source = path.name
        try:
            size = path.stat().st_size
            if not path.is_file() or not 4 <= size <= MAX_FILE_BYTES:
                raise CheckpointRefused(self.source, f"a checkpoint is a file of at most {MAX_FILE_BYTES >> 30} GiB, not {size} bytes")
            with path.open("rb") as file:
                self.header = self._header(file.read(4))
                with zipfile.ZipFile(file) as archive:
                    self._members = self._listed(archive)
                self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise CheckpointRefused(self.source, f"cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
            raise CheckpointRefused(self.source, f"truncated or damaged: {error}; copy it again") from error

    def content(self, name: str) -> memoryview:
        """Bytes of a file below the archive's root folder, in place.

        Raises:
            CheckpointRefused: it is missing, lies beyond the end, or its checksum is wrong.
        """
        member = self._members.get(name)
        if member is None:
            raise CheckpointRefused(self.source, f"{name[:80]!r} is missing from its archive")
        # The local header's extra field has another length than the directory's.
        lengths = self._mapped[member.header_offset + LOCAL_HEADER - 4 : member.header_offset + LOCAL_HEADER]
        start = member.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", lengths)) if len(lengths) == 4 else len(self._mapped)
        if start + member.file_size > len(self._mapped):
            raise CheckpointRefused(self.source, f"truncated or damaged: {name[:80]!r} lies beyond its end; copy it again")
        content = memoryview(self._mapped)[start : start + member.file_size]
        if zlib.crc32(content) != member.CRC:
            raise CheckpointRefused(self.source, f"damaged: the checksum of {name[:80]!r} is wrong; copy it again")
        return content

    def _header(self, start: bytes) -> str:
        if start[:1] == b"\x80":
            raise CheckpointRefused(
                self.source, "a bare pickle, as PyTorch wrote it before 1.6; open it where it was made and save it with a newer PyTorch"
            )
        header = HEADERS.get(start[:2])
        if header is None or start[2:] != b"\x03\x04":
            raise CheckpointRefused(self.source, f"begins with the bytes {start.hex(' ')}, which no GPT-SoVITS checkpoint does")
        return header

    def _listed(self, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
        """Members by their names below the one root folder, which is called differently every time."""
        listed = archive.infolist()
        if not 1 <= len(listed) <= MAX_MEMBERS:
            raise CheckpointRefused(self.source, f"an archive of {len(listed)} files, expected 1 to {MAX_MEMBERS}")
        root = listed[0].filename.split("/")[0] + "/"
        found: dict[str, zipfile.ZipInfo] = {}
        for member in listed:
            name, shown = member.filename.removeprefix(root), repr(member.filename[:80])
            if name == member.filename or name in found:
                raise CheckpointRefused(self.source, f"its archive holds {shown} twice, or outside the folder {root[:80]!r}")
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or member.file_size != member.compress_size:
                raise CheckpointRefused(self.source, f"{shown} in its archive is compressed or encrypted, which PyTorch never does")
            found[name] = member
        return found
