"""Which recordings go so that another may stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import CacheError, PinnedOverBudget
from edge_agent.phrases.transaction import Transaction


class NoRoom(CacheError):
    """Not even evicting everything that may be evicted would make enough room."""


@dataclass(frozen=True, slots=True)
class Room:
    """The bounds: ``budget_bytes`` for all recordings, ``floor_bytes`` left free on the disk."""

    budget_bytes: int
    floor_bytes: int

    def make(self, writes: Transaction, entry: CacheEntry, free_bytes: int) -> list[str]:
        """Remove the least recently used rows until ``entry`` fits; the names of the files that may go with them.

        Removes nothing when that would not be enough: other programs filling the disk must not cost an offline device
        the phrases it has.

        Raises:
            NoRoom: ``entry`` does not fit.
            PinnedOverBudget: ``entry`` is pinned, and pinned phrases alone would exceed the budget.
        """
        totals = writes.totals()
        if entry.pinned:
            self.check_pinned(totals.pinned_bytes, entry.n_bytes)
        evictable = totals.n_bytes - totals.pinned_bytes
        over_budget = totals.n_bytes + entry.n_bytes - self.budget_bytes
        if over_budget > evictable:
            raise NoRoom(f"{entry.n_bytes} bytes do not fit the budget of {self.budget_bytes} beside pinned phrases")
        under_floor = self.floor_bytes + entry.n_bytes - free_bytes
        if under_floor > evictable:
            raise NoRoom(f"the disk has {free_bytes} bytes free, and {self.floor_bytes} are left to the system")
        return _evict(writes, max(over_budget, under_floor))

    def shrink(self, writes: Transaction) -> list[str]:
        """Obey a budget that was lowered since the last start, as far as pinned phrases allow; files to delete."""
        return _evict(writes, writes.totals().n_bytes - self.budget_bytes)

    def check_pinned(self, pinned_bytes: int, n_bytes: int) -> None:
        """Raise PinnedOverBudget if ``n_bytes`` more cannot be pinned."""
        if pinned_bytes + n_bytes > self.budget_bytes:
            raise PinnedOverBudget(n_bytes=n_bytes, pinned_bytes=pinned_bytes, budget_bytes=self.budget_bytes)


def _evict(writes: Transaction, n_bytes: int) -> list[str]:
    victims = list(_enough(writes.least_recently_used(), n_bytes))
    for victim in victims:
        writes.remove(victim.key)
    if victims:
        writes.add("evicted", len(victims))
    return [victim.file_name for victim in victims]


def _enough(entries: Iterator[CacheEntry], n_bytes: int) -> Iterator[CacheEntry]:
    while n_bytes > 0 and (entry := next(entries, None)) is not None:
        yield entry
        n_bytes -= entry.n_bytes
