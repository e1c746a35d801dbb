# ruff: noqa: PTH115, PTH118 (pathlib is made of what is wrapped here)
"""Every operation on the file system, numbered, each of which can be made the last one or fail.

A child process counts what it does below some folders: what it creates, writes, forces to the disk, renames and removes. The
child of a run with a fault ends at the operation of that number, or gets an error from it.
"""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

KILLED = 77
PATHS = ("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "link", "symlink", "truncate")
DESCRIPTORS = ("write", "fsync", "fdatasync", "ftruncate")


class Faults:
    """Wraps the functions of ``os`` and files opened to be written. For a forked child only: nothing is put back."""

    def __init__(self, roots: tuple[Path, ...], number: int | None = None, error: int | None = None) -> None:
        self.roots, self.number, self.error = tuple(map(str, roots)), number, error
        self.done: list[str] = []

    def begin(self) -> None:
        for name in PATHS:
            setattr(os, name, self._by_path(name, getattr(os, name)))
        for name in DESCRIPTORS:
            setattr(os, name, self._by_descriptor(name, getattr(os, name)))
        os.open = self._opening(os.open)
        io.open = self._wrapping(io.open)
        if (accessor := getattr(pathlib, "_NormalAccessor", None)) is not None:  # Python 3.10's pathlib took its own copies
            for name in (name for name in PATHS if hasattr(accessor, name)):
                setattr(accessor, name, staticmethod(getattr(os, name)))
            accessor.open = staticmethod(io.open)

    def _strike(self, what: str) -> None:
        self.done.append(what)
        if self.number == len(self.done):
            if self.error is None:
                os._exit(KILLED)
            raise OSError(self.error, os.strerror(self.error), what)

    def _ours(self, path: Any, dir_fd: int | None = None) -> bool:
        if isinstance(path, int):
            path = os.readlink(f"/proc/self/fd/{path}")
        text = os.fsdecode(path)
        if dir_fd is not None and not text.startswith("/"):
            text = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), text)
        return text.startswith(self.roots)

    def _by_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, dir_fd: int | None = None, **more: Any) -> Any:
            if self._ours(path, dir_fd):
                self._strike(f"{name} {os.fsdecode(path) if not isinstance(path, int) else path}")
            more |= {} if dir_fd is None else {"dir_fd": dir_fd}
            return real(path, *rest, **more)

        return call

    def _by_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *rest: Any) -> Any:
            if self._ours(descriptor):
                self._strike(f"{name} {os.readlink(f'/proc/self/fd/{descriptor}')}")
            return real(descriptor, *rest)

        return call

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if flags & os.O_CREAT and self._ours(path, dir_fd):
                self._strike(f"create {os.fsdecode(path)}")
            return real(path, flags, mode) if dir_fd is None else real(path, flags, mode, dir_fd=dir_fd)

        return call

    def _wrapping(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if set(mode) <= set("rbtU") or not self._ours(file):
                return real(file, mode, *rest, **more)
            self._strike(f"open {mode} {file}")
            return _Written(real(file, mode, *rest, **more), self._strike)

        return call


class _Written:
    """A file whose every write counts."""

    def __init__(self, file: Any, strike: Callable[[str], None]) -> None:
        self._file, self._strike = file, strike

    def write(self, content: Any) -> int:
        self._strike(f"write {self._file.name}")
        return self._file.write(content)

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextlib.contextmanager
def _child() -> Iterator[int]:
    sys.stdout.flush()
    sys.stderr.flush()
    yield os.fork()


def run(action: Callable[[], None], roots: tuple[Path, ...], number: int | None = None, error: int | None = None) -> tuple[int, list[str]]:
    """Do ``action`` in a child with a fault at operation ``number`` (from 1): a kill, or an error. Its exit status (0: done, 1: it
    raised, :data:`KILLED`), and what it did below ``roots`` if it lived to tell."""
    read, write = os.pipe()
    with _child() as pid:
        if pid == 0:
            status = 2
            try:
                os.close(read)
                faults = Faults(roots, number, error)
                tell = os.write
                faults.begin()
                try:
                    action()
                    status = 0
                except Exception:  # noqa: BLE001 (what a fault does to the caller is what is asked)
                    status = 1
                    if number is None:
                        traceback.print_exc()
                tell(write, "\n".join(faults.done).encode())
            finally:
                os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        done = told.read().decode().splitlines()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), done
