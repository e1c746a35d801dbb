"""USB sticks as image files, made with tools only: no rights, no loop device, nothing is mounted here."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

_SECTOR = 512
_FIRST = 2048
_FAT32_LBA = 0x0C
_ENTRY = "<B3sB3sII"
_NO_CHS = b"\xfe\xff\xff"


class Stick:
    """A partitioned stick with FAT32.

    Args:
        path: the image to make.
        files: what lies at the top of its first partition.
        log_folder: with a folder ``log`` there.
        log_partition: with a second partition, labelled VOICELOG.
    """

    def __init__(
        self, path: Path, files: Sequence[Path], *, label: str = "VOICEPACK", log_folder: bool = False, log_partition: bool = False,
        mib: int = 96,
    ) -> None:  # fmt: skip
        self.path = path
        sectors = mib * 2048
        cut = sectors - 40 * 2048 if log_partition else sectors
        self._parts = [(_FIRST, cut - _FIRST, label)] + ([(cut, sectors - cut, "VOICELOG")] if log_partition else [])
        with path.open("wb") as image:
            image.truncate(sectors * _SECTOR)
            for number, (start, length, _) in enumerate(self._parts):
                image.seek(446 + 16 * number)
                image.write(struct.pack(_ENTRY, 0, _NO_CHS, _FAT32_LBA, _NO_CHS, start, length))
            image.seek(510)
            image.write(b"\x55\xaa")
        for start, length, name in self._parts:
            _tool("mkfs.vfat", "-F", "32", "-n", name, "--offset", start, path, length // 2)
        for file in files:
            _tool("mcopy", "-i", self._at(0), file, f"::{file.name}")
        if log_folder:
            _tool("mmd", "-i", self._at(0), "::log")

    def names(self, folder: str = "") -> list[str]:
        """The names in a folder of the first partition, sorted."""
        listing = _tool("mdir", "-b", "-i", self._at(0), f"::{folder}")
        return sorted(line.rstrip("/").rpartition("/")[2] for line in listing.splitlines() if line.strip())

    def log(self) -> str | None:
        """What the device wrote, wherever it did; None if it wrote nothing."""
        for number, name in ((len(self._parts) - 1, "::LOG.TXT"), (0, "::log/LOG.TXT")):
            done = subprocess.run(["mtype", "-i", self._at(number), name], capture_output=True, check=False)
            if done.returncode == 0 and done.stdout:
                return done.stdout.decode("utf-8-sig").replace("\r\n", "\n")
        return None

    def digest(self) -> bytes:
        """The whole image: does anything differ?"""
        return self.path.read_bytes()

    def _at(self, part: int) -> str:
        return f"{self.path}@@{self._parts[part][0] * _SECTOR}"


def _tool(*command: object) -> str:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout
