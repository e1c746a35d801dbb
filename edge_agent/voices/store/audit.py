"""The audit log: lines of JSON that only grow, each with the SHA-256 of the one before.

The newest line also stands in the store's state, which is written first. So a crash between the two loses nothing (the line
is added at the next occasion), and a log that was cut short or edited no longer fits.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_agent.voices.document import show_time

FIRST = "0" * 64
_READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One line. ``event`` is one of :data:`EVENTS`, ``by`` says who asked (``cli``, ``usb``, ``mqtt:<topic>`` ...)."""

    number: int
    at: str
    event: str
    voice: str | None
    seq: int | None
    by: str
    detail: Mapping[str, Any]


EVENTS = ("installed", "refused", "activated", "rolled_back", "expired", "revoked", "deleting", "deleted", "swept")


@dataclass(frozen=True, slots=True)
class Damage:
    """Where the log is not what it was: the number of the line in the file, from 1, and what is wrong."""

    line: int
    problem: str


def next_line(last_line: str, at: float, event: str, *, voice: str | None, seq: int | None, by: str, detail: Mapping[str, Any]) -> str:
    """The line that follows ``last_line`` (empty for the first), without its end."""
    number = _number(last_line) + 1
    before = hashlib.sha256(last_line.encode()).hexdigest() if last_line else FIRST
    moment = show_time(datetime.fromtimestamp(at, timezone.utc))
    record = {"n": number, "at": moment, "event": event, "voice": voice, "seq": seq, "by": by, "detail": dict(detail), "before": before}
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def _number(line: str) -> int:
    """Of a record; 0 where there is none, or a damaged one: that is for :func:`check` to find, and must not stop a deletion."""
    try:
        return int(json.loads(line)["n"])
    except (ValueError, KeyError, TypeError):
        return 0


def settle(path: Path, last_line: str) -> None:
    """Have ``last_line`` be the end of the log, on the disk; a line that was written only in part is completed.

    Raises:
        OSError: it is not; try again later.
    """
    if not last_line:
        return
    wanted = f"{last_line}\n".encode()
    tail = _tail(path)
    if tail.endswith(wanted):
        return
    torn = tail.rpartition(b"\n")[2]
    missing = wanted[len(torn) :] if torn and wanted.startswith(torn) else (b"\n" if torn else b"") + wanted
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while missing:
            missing = missing[os.write(descriptor, missing) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def records(path: Path, last_line: str) -> list[Record]:
    """The log, oldest first, with the newest line where it is not in there yet; lines that cannot be read are left out (see
    :func:`check`).

    Args:
        last_line: from the store's state, which must have been read before: older lines are in the log by then.

    Raises:
        OSError: it cannot be read.
    """
    lines, newest = list(_lines(path)), last_line.encode()
    if newest not in lines:
        lines.append(newest)
    found = []
    for raw in lines:
        try:
            values = json.loads(raw)
            found.append(Record(*(values[name] for name in ("n", "at", "event", "voice", "seq", "by", "detail"))))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def check(path: Path, last_line: str) -> list[Damage]:
    """Everything that was changed, removed or added without going through the store; empty if the log is sound.

    Args:
        last_line: the newest line, from the store's state; it may be missing in the log, or be there in part (see :func:`settle`).

    Raises:
        OSError: it cannot be read.
    """
    damages, before, number = [], FIRST, 0
    line, newest = b"", last_line.encode()
    for position, line in enumerate(_completed(path, newest), 1):
        try:
            values = json.loads(line)
            fits = values["before"] == before and values["n"] == number + 1
            number = int(values["n"])
        except (ValueError, KeyError, TypeError):
            damages.append(Damage(position, "is not a record"))
            continue
        if not fits:
            damages.append(Damage(position, "does not follow the line before it"))
        before = hashlib.sha256(line).hexdigest()
    if newest != line:
        damages.append(Damage(number + 1, "the newest record is missing"))
    return damages


def _completed(path: Path, newest: bytes) -> list[bytes]:
    """The lines of the log as :func:`settle` would leave it."""
    try:
        *lines, torn = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        lines, torn = [], b""
    if not newest.startswith(torn):
        lines.append(torn)
    return lines if not newest or lines[-1:] == [newest] else [*lines, newest]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            yield line.removesuffix(b"\n")


def _tail(path: Path) -> bytes:
    """The last bytes, more than any line has."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _READ_BYTES))
            return file.read()
    except FileNotFoundError:
        return b""
