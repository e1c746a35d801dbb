"""The phrase cache: look a sound up, keep it, count what that saved."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from edge_agent.clock import Clock, SystemClock
from edge_agent.phrases.codec import PCM
from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import CacheError, IndexUnavailable
from edge_agent.phrases.index import Order
from edge_agent.phrases.recording import record
from edge_agent.phrases.room import NoRoom, Room
from edge_agent.phrases.schema import Totals
from edge_agent.phrases.shelf import Shelf
from edge_agent.phrases.stats import CacheStats
from edge_agent.phrases.tally import Tally
from edge_agent.phrases.trouble import Trouble

_WRITE_DOWN_EVERY_S = 1.0
_RETRY_EVERY_S = 60.0
"""How often an index that could only be opened for reading is tried again."""
_LOOKUP_PATIENCE_S = 0.05
"""How long a look-up may wait for its own bookkeeping; its sound is wanted now."""


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
        self._clock = clock or SystemClock()
        self._budget_bytes = budget_bytes
        self._tally = Tally()
        self._written_down_at = self._clock.monotonic()
        self._tried_to_write_at = self._clock.monotonic()
        self._trouble = Trouble()
        self._shelf = Shelf(folder, Room(budget_bytes, floor_bytes), self._trouble, self._clock.now())
        self._index = self._shelf.index

    def get(self, key: str) -> PCM | None:
        """The recording, float32 ``[n_frames]`` in -1..1, once its file's hash has proved right; None is a miss.

        A missing or damaged file is dropped and counted in ``healed``.
        """
        entry = pcm = None
        with self._trouble.noted():
            entry = self._index.find(key)
            pcm = None if entry is None else self._shelf.load(entry)
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
            return self._shelf.holds(key)
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
        entry, blob = record(
            key, pcm, text=text, lang=lang, voice_id=voice_id, sample_rate=sample_rate, synthesis_s=synthesis_s, pinned=pinned,
            now=self._clock.now(),
        )  # fmt: skip
        self._tally.add(synthesis_s_spent=synthesis_s)
        if not self._index.writable and self._clock.monotonic() - self._tried_to_write_at >= _RETRY_EVERY_S:
            self._tried_to_write_at = self._clock.monotonic()
            self._shelf.resume_writing(self._clock.now())
        self.flush()  # the order of use decides who goes
        try:
            self._shelf.store(entry, blob)
        except (OSError, IndexUnavailable, NoRoom) as error:
            self._tally.add(refused=1)
            self._trouble.note(str(error))
            return False
        self._trouble.over()
        return True

    def pin(self, key: str, pinned: bool = True) -> None:
        """Keep a phrase whatever happens, or let it be evicted again.

        Raises:
            UnknownPhrase, PinnedOverBudget, IndexUnavailable.
        """
        self._shelf.pin(key, pinned)

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
            with self._trouble.noted():
                dropped += self._shelf.load(entry) is None and self._index.find(entry.key) is None
        return dropped

    def clear(self, voice_id: str | None = None, include_pinned: bool = False) -> int:
        """Delete recordings, of one voice or all, and every trace of their texts in the index; how many.

        Works on a full disk too. Deleting a voice means ``clear(voice_id, include_pinned=True)``, after its last
        synthesis has ended.

        Raises:
            CacheError: some could not be deleted; what could be is gone, and calling again goes on from there.
        """
        try:
            return self._shelf.clear(voice_id, include_pinned)
        except OSError as error:
            raise CacheError(f"not every recording was deleted: {error}; repair the disk and clear again") from error

    def stats(self) -> CacheStats:
        """What the cache holds and what it has done; the last second of other processes' look-ups may be missing.

        Never raises: while the index cannot be read, ``degraded`` says so and only this process's latest is counted.
        """
        self.flush()
        totals, counted = Totals(0, 0, 0, 0), {}
        with self._trouble.noted():
            totals, counted = self._index.totals(), self._index.statistics()
        since = counted.pop("since", self._clock.now())
        amounts = Counter(counted) + self._tally.peek()
        return CacheStats.of(totals, amounts, budget_bytes=self._budget_bytes, since=since, degraded=self._trouble.why)

    @property
    def trouble(self) -> str | None:
        """Why it is not growing or not readable; None while it is well. Costs nothing to ask."""
        return self._trouble.why

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
        self._shelf.close()
