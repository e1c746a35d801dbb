"""The layout of the index: one table of recordings, one of statistics, and what their rows mean."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.phrases.entry import CacheEntry

VERSION = 1
# The columns of "entry" are the fields of CacheEntry in their order, then the counter.
SCHEMA = (
    """CREATE TABLE entry (
        key TEXT PRIMARY KEY, text TEXT NOT NULL, lang TEXT NOT NULL, voice_id TEXT NOT NULL,
        sample_rate INTEGER NOT NULL, n_frames INTEGER NOT NULL, n_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
        synthesis_s REAL NOT NULL, created_at REAL NOT NULL, last_used_at REAL NOT NULL, hits INTEGER NOT NULL,
        pinned INTEGER NOT NULL, use_no INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX entry_by_use ON entry (use_no, pinned, n_bytes)",
    "CREATE INDEX entry_by_voice ON entry (voice_id)",
    "CREATE TABLE statistic (name TEXT PRIMARY KEY, amount REAL NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)
TOTALS = "SELECT count(*), total(n_bytes), total(pinned), total(n_bytes * pinned) FROM entry"
"""The one row of it is read by :func:`totals_of`."""
_LOG_PAGES = 256
"""The write-ahead log's length at which it is folded into the index: 1 MiB, so that it never fills a small disk."""
_FORMAT_AT, _NEWEST_FORMAT = 18, b"\2"
"""Where SQLite's file header has the version that is needed for writing, and the newest there is."""


class Totals(NamedTuple):
    entries: int
    n_bytes: int
    pinned: int
    pinned_bytes: int


def prepare(writer: sqlite3.Connection) -> None:
    """Set a connection up for writing, and make the tables in an empty file."""
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    writer.execute("PRAGMA synchronous = NORMAL")
    writer.execute("PRAGMA secure_delete = ON")
    writer.execute("PRAGMA temp_store = MEMORY")
    writer.execute("BEGIN IMMEDIATE")
    try:
        (version,) = writer.execute("PRAGMA user_version").fetchone()
        for statement in SCHEMA if version == 0 else ():
            writer.execute(statement)
        writer.execute("COMMIT")
    finally:
        if writer.in_transaction:
            writer.execute("ROLLBACK")


def says_read_only(path: Path) -> bool:
    """Whether the file's header names a later format, which SQLite would read and never write."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_FORMAT_AT + 1)[_FORMAT_AT:] > _NEWEST_FORMAT
    return False


def fault(connection: sqlite3.Connection) -> str | None:
    """Why the file cannot be used: another version's layout, or SQLite's own check. None if it can."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        return f"has layout version {version}; this release uses {VERSION}"
    # The quick check does not see an index that lost its rows, on which listing and clearing would fail for ever.
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return None if verdict == "ok" else f"is damaged: {verdict}"


def totals_of(row: tuple[float, ...]) -> Totals:
    return Totals(*map(int, row))


def entry_of(row: tuple[Any, ...]) -> CacheEntry:
    *description, pinned, _use_no = row
    return CacheEntry(*description, pinned=bool(pinned))
