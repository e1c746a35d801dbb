"""Hits and misses since they were last written down.

Writing each to disk as it happens would make every look-up a disk write; a kill loses at most the last second's.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Amounts by statistic, and hits by key: ``(number, time of the last)``, least recently used first."""

    amounts: Counter[str] = field(default_factory=Counter)
    uses: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.amounts)


class Tally:
    """Counts from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counts()

    def add(self, **amounts: float) -> None:
        with self._lock:
            self._counts.amounts.update(amounts)

    def hit(self, key: str, at: float, **amounts: float) -> None:
        """Count one use of ``key`` at ``at`` (seconds since the Unix epoch), and what it brought."""
        with self._lock:
            number, _ = self._counts.uses.pop(key, (0, 0.0))
            self._counts.uses[key] = (number + 1, at)
            self._counts.amounts.update(hits=1, **amounts)

    def peek(self) -> Counter[str]:
        """Amounts counted and not yet taken."""
        with self._lock:
            return self._counts.amounts.copy()

    def take(self) -> Counts:
        """Hand over everything counted so far."""
        with self._lock:
            counts, self._counts = self._counts, Counts()
        return counts

    def give_back(self, counts: Counts) -> None:
        """Undo :meth:`take`: what was counted meanwhile stays the more recent."""
        with self._lock:
            newer = self._counts
            for key, (number, at) in newer.uses.items():
                older, _ = counts.uses.pop(key, (0, 0.0))
                counts.uses[key] = (older + number, at)
            counts.amounts.update(newer.amounts)
            self._counts = counts
