"""Squaring folder and index, and emptying both."""

from __future__ import annotations

import logging

from edge_agent.phrases.files import Files
from edge_agent.phrases.index import Index
from edge_agent.phrases.transaction import Transaction

log = logging.getLogger(__name__)

_BATCH = 500
"""Recordings deleted in one transaction, so that others' writes get their turn."""


def sweep(writes: Transaction, files: Files) -> None:
    """Drop what a crash has left: a half-written file, files without a row, rows without a file.

    Reads names only. Whether a file's content is right shows when it is played.
    """
    files.discard_incoming()
    known = writes.file_names()
    present = files.names()
    for name in present - known.keys():
        files.delete(name)
    lost = known.keys() - present
    for name in lost:
        writes.remove(known[name])
    if lost:
        writes.add("healed", len(lost))
        log.warning("event=phrases_lost number=%d", len(lost))


def clear(index: Index, files: Files, voice_id: str | None, include_pinned: bool) -> int:
    """Delete recordings, of one voice or of all, and what their rows leave behind; how many."""
    n_cleared = 0
    while n_batch := _clear_batch(index, files, voice_id, include_pinned):
        n_cleared += n_batch
    with index.transaction() as writes:
        sweep(writes, files)
    files.sync()
    index.erase_traces()
    return n_cleared


def delete_files(index: Index, files: Files, voice_id: str | None, include_pinned: bool) -> None:
    """Delete recordings whose rows cannot be deleted yet; the next sweep finds those."""
    for entry in index.entries(None, "oldest"):
        if voice_id in (None, entry.voice_id) and (include_pinned or not entry.pinned):
            files.delete(entry.file_name)


def _clear_batch(index: Index, files: Files, voice_id: str | None, include_pinned: bool) -> int:
    with index.transaction() as writes:
        doomed = writes.select(voice_id, include_pinned, _BATCH)
        for entry in doomed:
            # The file first: a row without a file heals itself, a file without a row belongs to no voice.
            files.delete(entry.file_name)
            writes.remove(entry.key)
    return len(doomed)
