"""The phrase cache: look a sound up, keep it, make room for it."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.clock import Clock, SystemClock
from edge_agent.phrases import upkeep
from edge_agent.phrases.codec import PCM, decode, encode
from edge_agent.phrases.entry import CacheEntry, CacheStats
from edge_agent.phrases.errors import CacheError, IndexUnavailable, NotCacheable, UnknownPhrase
from edge_agent.phrases.files import Files
from edge_agent.phrases.index import Order, Totals
from edge_agent.phrases.opening import open_index
from edge_agent.phrases.room import NoRoom, Room
from edge_agent.phrases.tally import Tally

log = logging.getLogger(__name__)

_KEY = re.compile(r"[0-9a-f]{64}")
_WRITE_DOWN_EVERY_S = 1.0
_RETRY_EVERY_S = 60.0
"""How often an index that could only be opened for reading is tried again."""
_LOOKUP_PATIENCE_S = 0.05
"""How long a look-up may wait for its own bookkeeping; its sound is wanted now."""
_LOST = {errno.ENOENT, errno.EIO}
"""Read errors that are the recording's own fault, not the process's or the disk's."""


class PhraseCache:
    """Recordings by :func:`phrase_key`, in ``folder``. Safe from any thread, and from several processes at once.

    ``budget_bytes`` bounds the files' total size, ``floor_bytes`` is the free space left to the rest of the device.
    The least recently used go first; pinned ones never. Trouble with disk or index is never raised by :meth:`get` or
    :meth:`put`: the phrase is synthesized again, and ``stats().degraded`` says why until a phrase can be kept again.

    Raises:
        IndexUnavailable: another process kept the index locked for 5 s, or uses one that this release cannot read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget_bytes: int = 512 * 2**20,
        floor_bytes: int = 256 * 2**20,
        clock: Clock | None = None,
    ) -> None:
        self._room = Room(budget_bytes, floor_bytes)
        self._clock = clock or SystemClock()
        self._tally = Tally()
        self._written_down_at = self._clock.monotonic()
        self._tried_to_write_at = self._clock.monotonic()
        self._degraded: str | None = None
        self._files = Files(folder / "audio")
        with contextlib.suppress(OSError):
            self._files.create()
        self._claim, self._index = open_index(folder)
        if self._index.writable:
            with self._trouble_noted():
                self._start()
        else:
            self._degrade(f"{folder} takes no writes: its disk is full, read-only or not ours")

    def get(self, key: str) -> PCM | None:
        """The recording, float32 ``[n_frames]`` in -1..1, once its file's hash has proved right; None is a miss.

        A missing or damaged file is dropped and counted in ``healed``.
        """
        entry = pcm = None
        with self._trouble_noted():
            entry = self._index.find(key)
            pcm = None if entry is None else self._load(entry)
        if entry is None or pcm is None:
            self._tally.add(misses=1)
        else:
            saved_s = entry.synthesis_s
            self._tally.hit(key, self._clock.now(), audio_s_served=entry.audio_s, synthesis_s_saved=saved_s)
        if self._clock.monotonic() - self._written_down_at >= _WRITE_DOWN_EVERY_S:
            self.flush(patience_s=0.0)
        return pcm

    def __contains__(self, key: str) -> bool:
        """Whether :meth:`get` would very likely answer; counts nothing and verifies only the file's size."""
        try:
            entry = self._index.find(key)
            return entry is not None and self._files.size(entry.file_name) == entry.n_bytes
        except (IndexUnavailable, OSError):
            return False

    def put(
        self,
        key: str,
        pcm: PCM,
        *,
        text: str,
        lang: str,
        voice_id: str,
        sample_rate: int,
        synthesis_s: float = 0.0,
        pinned: bool = False,
    ) -> bool:
        """Keep a recording, float32 ``[n_frames]`` in -1..1 at ``sample_rate`` Hz; whether it was kept.

        The file is on the disk, whole, when this returns True; a power cut soon after may still forget its row, and
        thereby the phrase. ``synthesis_s`` is what making it took. A phrase that was pinned before stays pinned.
        With no room on the disk or in the budget it is counted in ``refused``.

        Raises:
            NotCacheable: the recording or its description breaks the contract.
            PinnedOverBudget: ``pinned``, but pinned phrases would exceed the budget.
        """
        _check_description(key, text, synthesis_s)
        blob = encode(pcm, sample_rate)
        now = self._clock.now()
        entry = CacheEntry(
            key=key,
            text=text,
            lang=lang,
            voice_id=voice_id,
            sample_rate=sample_rate,
            n_frames=pcm.size,
            n_bytes=len(blob),
            sha256=hashlib.sha256(blob).hexdigest(),
            synthesis_s=synthesis_s,
            created_at=now,
            last_used_at=now,
            hits=0,
            pinned=pinned,
        )
        self._tally.add(synthesis_s_spent=synthesis_s)
        if not self._index.writable and self._clock.monotonic() - self._tried_to_write_at >= _RETRY_EVERY_S:
            self._resume_writing()
        self.flush()  # the order of use decides who goes
        try:
            self._store(entry, blob)
        except (OSError, IndexUnavailable, NoRoom) as error:
            self._tally.add(refused=1)
            self._degrade(str(error))
            return False
        self._degraded = None
        return True

    def pin(self, key: str, pinned: bool = True) -> None:
        """Keep a phrase whatever happens, or let it be evicted again.

        Raises:
            UnknownPhrase, PinnedOverBudget, IndexUnavailable.
        """
        with self._index.transaction() as writes:
            entry = writes.find(key) if _KEY.fullmatch(key) else None
            if entry is None:
                raise UnknownPhrase(key)
            if pinned and not entry.pinned:
                self._room.check_pinned(writes.totals().pinned_bytes, entry.n_bytes)
            writes.pin(key, pinned)

    def entries(self, limit: int | None = None, order: Order = "recent") -> list[CacheEntry]:
        """Cached phrases, at most ``limit``.

        Raises:
            IndexUnavailable: the index cannot be read.
        """
        self.flush()
        return self._index.entries(limit, order)

    def find_text(self, text: str, limit: int | None = None) -> list[CacheEntry]:
        """Phrases whose text contains ``text`` (ASCII letters in either case), those that are exactly it first.

        Raises:
            IndexUnavailable: the index cannot be read.
        """
        self.flush()
        found = self._index.entries(None, "recent", text=text)
        return sorted(found, key=lambda entry: entry.text != text)[:limit]

    def verify(self) -> int:
        """Read every recording as :meth:`get` would, and drop those that are damaged; how many were.

        Raises:
            IndexUnavailable: the index cannot be read.
        """
        dropped = 0
        for entry in self.entries(order="oldest"):
            with self._trouble_noted():
                dropped += self._load(entry) is None and self._index.find(entry.key) is None
        return dropped

    def clear(self, voice_id: str | None = None, include_pinned: bool = False) -> int:
        """Delete recordings, of one voice or all, and every trace of their texts in the index; how many.

        Works on a full disk too. Deleting a voice means ``clear(voice_id, include_pinned=True)``, after its last
        synthesis has ended.

        Raises:
            CacheError: some could not be deleted; what could be is gone, and calling again goes on from there.
        """
        try:
            if not self._index.writable:
                # On a full disk the index can only be written once files have made room.
                upkeep.delete_files(self._index, self._files, voice_id, include_pinned)
                self._index.resume_writing()
            return upkeep.clear(self._index, self._files, voice_id, include_pinned)
        except OSError as error:
            raise CacheError(f"not every recording was deleted: {error}; repair the disk and clear again") from error

    def stats(self) -> CacheStats:
        """What the cache holds and what it has done; the last second of other processes' look-ups may be missing.

        Never raises: while the index cannot be read, ``degraded`` says so and only this process's latest is counted.
        """
        self.flush()
        totals, counted = Totals(0, 0, 0, 0), {}
        with self._trouble_noted():
            totals, counted = self._index.totals(), self._index.statistics()
        unwritten = self._tally.peek()

        def amount(name: str) -> float:
            return counted.get(name, 0.0) + unwritten.get(name, 0.0)

        return CacheStats(
            entries=totals.entries,
            n_bytes=totals.n_bytes,
            budget_bytes=self._room.budget_bytes,
            pinned=totals.pinned,
            pinned_bytes=totals.pinned_bytes,
            hits=int(amount("hits")),
            misses=int(amount("misses")),
            evicted=int(amount("evicted")),
            healed=int(amount("healed")),
            refused=int(amount("refused")),
            audio_s_served=amount("audio_s_served"),
            synthesis_s_saved=amount("synthesis_s_saved"),
            synthesis_s_spent=amount("synthesis_s_spent"),
            since=counted.get("since", self._clock.now()),
            degraded=self._degraded,
        )

    def flush(self, patience_s: float = _LOOKUP_PATIENCE_S) -> None:
        """Write down hits and misses not yet on disk; what cannot be written is kept for the next time."""
        self._written_down_at = self._clock.monotonic()
        counts = self._tally.take()
        if not counts:
            return
        try:
            with self._index.transaction(patience_s) as writes:
                writes.write_down(counts)
        except IndexUnavailable:
            self._tally.give_back(counts)

    def close(self) -> None:
        """Write the statistics down and let go of the files. A closed cache answers every look-up with a miss."""
        self.flush()
        self._index.close()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _start(self) -> None:
        with self._index.transaction() as writes:
            writes.begin_statistics(self._clock.now())
            upkeep.sweep(writes, self._files)
            stale = self._room.shrink(writes)
        for name in stale:
            self._files.delete(name)

    def _resume_writing(self) -> None:
        self._tried_to_write_at = self._clock.monotonic()
        with self._trouble_noted():
            self._files.create()
            self._index.resume_writing()
            self._start()

    def _load(self, entry: CacheEntry) -> PCM | None:
        try:
            blob = self._files.read(entry.file_name, entry.n_bytes)
        except OSError as error:
            if error.errno in _LOST:
                self._heal(entry, str(error))
            else:
                self._degrade(str(error))
            return None
        try:
            return _decoded(entry, blob)
        except ValueError as error:
            self._heal(entry, str(error))
            return None

    def _heal(self, entry: CacheEntry, why: str) -> None:
        with contextlib.suppress(IndexUnavailable, OSError):
            with self._index.transaction(_LOOKUP_PATIENCE_S) as writes:
                # Another thread may have replaced or evicted it since we read the row; then nothing was wrong.
                if not writes.remove(entry.key, entry.sha256):
                    return
                writes.add("healed", 1)
                self._files.delete(entry.file_name)
            log.warning("event=phrase_dropped key=%s reason=%r", entry.key, why)

    def _store(self, entry: CacheEntry, blob: bytes) -> None:
        stale: list[str] = []
        try:
            with self._index.transaction() as writes:
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

    def _delete_unless_indexed(self, entry: CacheEntry) -> None:
        with contextlib.suppress(IndexUnavailable, OSError):
            kept = self._index.find(entry.key)
            if kept is None or kept.file_name != entry.file_name:
                self._files.delete(entry.file_name)

    @contextlib.contextmanager
    def _trouble_noted(self) -> Iterator[None]:
        try:
            yield
        except (IndexUnavailable, OSError) as error:
            self._degrade(str(error))

    def _degrade(self, why: str) -> None:
        if self._degraded is None:
            log.warning("event=cache_degraded reason=%r", why)
        self._degraded = why


def _decoded(entry: CacheEntry, blob: bytes) -> PCM:
    if len(blob) != entry.n_bytes or hashlib.sha256(blob).hexdigest() != entry.sha256:
        raise ValueError("the file's hash is not the one recorded")
    pcm, sample_rate = decode(blob)
    if pcm.size != entry.n_frames or sample_rate != entry.sample_rate:
        raise ValueError("the file's length or sample rate is not the one recorded")
    return pcm


def _check_description(key: str, text: str, synthesis_s: float) -> None:
    if not _KEY.fullmatch(key):
        raise NotCacheable(f"{key!r} is not a key made by phrase_key")
    if not 0.0 <= synthesis_s < float("inf"):
        raise NotCacheable(f"synthesis_s={synthesis_s!r} is not a duration")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCacheable(f"the text is not valid Unicode at position {error.start}") from error
