"""The files at the top of a stick, of which nothing is believed.

Everything is opened relative to the folder's own descriptor, never through a link, and never waiting: a FIFO, a device or a
folder that bears a pack's name is recognised for what it is. Folders are not entered.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from edge_agent.errors import EdgeAgentError

SUFFIX = ".vpk"
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_MAX_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a stick is looked at: files at its top of any kind, packs, the bytes of one and of a name."""

    entries: int = 1000
    packs: int = 32
    pack_bytes: int = 600 << 20
    name_bytes: int = 128


class StickError(EdgeAgentError):
    """A stick, or one file on it, cannot be used; ``reason`` says why in one word of :data:`edge_agent.voices.usb.SENTENCES`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class StickFolder:
    """The top folder of a stick. Close it, or use it as a context manager.

    Raises:
        StickError: ``unreadable``: it is no folder, or the stick has gone.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise StickError("unreadable", f"{path} cannot be opened: {error.strerror}") from error

    def __enter__(self) -> StickFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._descriptor)

    def packs(self) -> list[str]:
        """The names of what claims to be a voice pack, sorted. Hidden files are not among them: macOS leaves one beside each file.

        Raises:
            StickError: ``unreadable``, or ``crowded``: there are more files, or packs, than anybody puts there.
        """
        names = []
        try:
            with os.scandir(self._descriptor) as entries:
                for number, entry in enumerate(entries, 1):
                    if number > self._limits.entries:
                        raise StickError("crowded", f"there are more than {self._limits.entries} files at the top of the stick")
                    if entry.name.lower().endswith(SUFFIX) and not entry.name.startswith("."):
                        names.append(entry.name)
        except OSError as error:
            raise StickError("unreadable", f"the stick cannot be listed: {error.strerror}") from error
        if len(names) > self._limits.packs:
            raise StickError("crowded", f"there are {len(names)} voice packs on the stick; {self._limits.packs} are taken at once")
        return sorted(names)

    def open(self, name: str) -> BinaryIO:
        """Open one of :meth:`packs` for reading.

        Raises:
            StickError: ``odd``: its name or kind; ``too_large`` (or empty: ``truncated``); ``unreadable``.
        """
        if not name.isprintable() or "/" in name or len(os.fsencode(name)) > self._limits.name_bytes:
            raise StickError("odd", f"names may have {self._limits.name_bytes} bytes and no control characters")
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise StickError("odd", "it is a link, or no file at all") from error
            raise StickError("unreadable", f"it cannot be opened: {error.strerror}") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise StickError("odd", f"it is {_KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}")
            if status.st_size > self._limits.pack_bytes:
                raise StickError("too_large", f"it has {status.st_size} bytes; a pack has at most {self._limits.pack_bytes}")
            if not status.st_size:
                raise StickError("truncated", "it is empty")
            return os.fdopen(descriptor, "rb", buffering=0)
        except OSError as error:
            os.close(descriptor)
            raise StickError("unreadable", f"it cannot be read: {error.strerror}") from error
        except StickError:
            os.close(descriptor)
            raise


def shown(name: str) -> str:
    """A file's name as it may stand in a log: no control characters, nothing that turns text around, of bounded length."""
    text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in name)
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"
