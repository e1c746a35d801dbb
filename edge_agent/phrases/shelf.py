"""Recordings where they are kept: a file and a row of the index each, which come and go together."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import logging
import os
from pathlib import Path

from edge_agent.phrases import upkeep
from edge_agent.phrases.codec import PCM
from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import IndexUnavailable, UnknownPhrase
from edge_agent.phrases.files import Files
from edge_agent.phrases.opening import open_index
from edge_agent.phrases.recording import is_key, play_back
from edge_agent.phrases.room import Room
from edge_agent.phrases.trouble import Trouble

log = logging.getLogger(__name__)

_HEALING_PATIENCE_S = 0.05
"""How long a look-up may wait to drop what is damaged; its sound is wanted now."""
_LOST = {errno.ENOENT, errno.EIO}
"""Read errors that are the recording's own fault, not the process's or the disk's."""


class Shelf:
    """Recordings in ``folder``, within the bounds of ``room``. Safe from any thread, and from several processes at once.

    Args:
        now: seconds since the Unix epoch, when counting begins in a new index.

    Raises:
        IndexUnavailable: another process kept the index locked for 5 s, or uses one that this release cannot read.
    """

    def __init__(self, folder: Path, room: Room, trouble: Trouble, now: float) -> None:
        self._room, self._trouble = room, trouble
        self._files = Files(folder / "audio")
        with contextlib.suppress(OSError):
            self._files.create()
        self._claim, self.index = open_index(folder)
        if self.index.writable:
            with trouble.noted():
                self._start(now)
        else:
            trouble.note(f"{folder} takes no writes: its disk is full, read-only or not ours")

    def resume_writing(self, now: float) -> None:
        """Try again to write where only reading was possible."""
        with self._trouble.noted():
            self._files.create()
            self.index.resume_writing()
            self._start(now)

    def holds(self, key: str) -> bool:
        """Whether the recording is very likely there; verifies only the file's size.

        Raises:
            IndexUnavailable, OSError.
        """
        entry = self.index.find(key)
        return entry is not None and self._files.size(entry.file_name) == entry.n_bytes

    def load(self, entry: CacheEntry) -> PCM | None:
        """The sound, float32 ``[n_frames]``. None where the file cannot be read; one missing or damaged is dropped for good."""
        try:
            blob = self._files.read(entry.file_name, entry.n_bytes)
        except OSError as error:
            if error.errno in _LOST:
                self._drop(entry, str(error))
            else:
                self._trouble.note(str(error))
            return None
        try:
            return play_back(entry, blob)
        except ValueError as error:
            self._drop(entry, str(error))
            return None

    def store(self, entry: CacheEntry, blob: bytes) -> None:
        """Keep a recording, durably, in place of an earlier one with its key.

        Raises:
            NoRoom, PinnedOverBudget, IndexUnavailable, OSError: it was not kept.
        """
        stale: list[str] = []
        try:
            with self.index.transaction() as writes:
                previous = writes.find(entry.key)
                if previous is not None:
                    entry = dataclasses.replace(entry, hits=previous.hits, pinned=entry.pinned or previous.pinned)
                    writes.remove(entry.key)
                    stale += {previous.file_name} - {entry.file_name}
                stale += self._room.make(writes, entry, self._files.free_bytes())
                self._files.write(entry.file_name, blob)
                writes.put(entry)
        except BaseException:
            self._delete_unless_indexed(entry)
            raise
        for name in stale:
            with contextlib.suppress(OSError):
                self._files.delete(name)

    def pin(self, key: str, pinned: bool) -> None:
        """See :meth:`PhraseCache.pin`."""
        with self.index.transaction() as writes:
            entry = writes.find(key) if is_key(key) else None
            if entry is None:
                raise UnknownPhrase(key)
            if pinned and not entry.pinned:
                self._room.check_pinned(writes.totals().pinned_bytes, entry.n_bytes)
            writes.pin(key, pinned)

    def clear(self, voice_id: str | None, include_pinned: bool) -> int:
        """See :meth:`PhraseCache.clear`.

        Raises:
            IndexUnavailable, OSError.
        """
        if not self.index.writable:
            # On a full disk the index can only be written once files have made room.
            upkeep.delete_files(self.index, self._files, voice_id, include_pinned)
            self.index.resume_writing()
        return upkeep.clear(self.index, self._files, voice_id, include_pinned)

    def close(self) -> None:
        self.index.close()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _start(self, now: float) -> None:
        with self.index.transaction() as writes:
            writes.begin_statistics(now)
            upkeep.sweep(writes, self._files)
            stale = self._room.shrink(writes)
        for name in stale:
            self._files.delete(name)

    def _drop(self, entry: CacheEntry, why: str) -> None:
        with contextlib.suppress(IndexUnavailable, OSError):
            with self.index.transaction(_HEALING_PATIENCE_S) as writes:
                # Another thread may have replaced or evicted it since we read the row; then nothing was wrong.
                if not writes.remove(entry.key, entry.sha256):
                    return
                writes.add("healed", 1)
                self._files.delete(entry.file_name)
            log.warning("event=phrase_dropped key=%s reason=%r", entry.key, why)

    def _delete_unless_indexed(self, entry: CacheEntry) -> None:
        with contextlib.suppress(IndexUnavailable, OSError):
            kept = self.index.find(entry.key)
            if kept is None or kept.file_name != entry.file_name:
                self._files.delete(entry.file_name)
