"""Opening the index together with a claim on its folder: nobody replaces a damaged index under another's feet."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from edge_agent.phrases.errors import IndexDamaged, IndexUnavailable
from edge_agent.phrases.index import Index

log = logging.getLogger(__name__)

_INDEX_NAME = "index.sqlite3"


def open_index(folder: Path) -> tuple[int | None, Index]:
    """Open or create the index. The first item is a descriptor holding a shared lock on the folder, for os.close.

    A damaged index, or another release's, is made anew if nobody else uses the folder: it only described a cache.

    Raises:
        IndexUnavailable: somebody else does, or keeps it locked for more than 5 s, or it cannot be replaced.
    """
    path = folder / _INDEX_NAME
    try:
        claim = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None, Index(path)
    try:
        fcntl.flock(claim, fcntl.LOCK_SH)
        try:
            return claim, Index(path)
        except IndexDamaged as damage:
            _discard(claim, path, damage)
            return claim, Index(path)
    except BaseException:
        os.close(claim)
        raise


def _discard(claim: int, path: Path, damage: IndexDamaged) -> None:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise IndexUnavailable(f"{damage}; to renew it, stop whatever uses the cache and start again") from damage
    log.error("event=cache_index_discarded reason=%r", str(damage))
    try:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise IndexUnavailable(f"{damage}; it cannot be replaced: {error}") from error
    fcntl.flock(claim, fcntl.LOCK_SH)
