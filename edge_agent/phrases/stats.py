"""What the cache knows about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.phrases.schema import Totals


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What the cache holds now, and what it has done since ``since`` (seconds since the Unix epoch)."""

    entries: int
    n_bytes: int
    budget_bytes: int
    pinned: int
    pinned_bytes: int
    hits: int
    misses: int
    evicted: int
    healed: int
    """Recordings found missing or damaged, and dropped so that they are made again."""
    refused: int
    """Recordings not kept because the disk or the budget had no room, or the index could not be written."""
    audio_s_served: float
    synthesis_s_saved: float
    synthesis_s_spent: float
    since: float
    degraded: str | None
    """Why the cache is not growing or not readable; None while it is well."""

    @classmethod
    def of(cls, totals: Totals, amounts: Mapping[str, float], *, budget_bytes: int, since: float, degraded: str | None) -> CacheStats:
        """From what the index holds and has counted; ``amounts`` by the names of the fields, what is missing is zero."""
        return cls(
            entries=totals.entries,
            n_bytes=totals.n_bytes,
            budget_bytes=budget_bytes,
            pinned=totals.pinned,
            pinned_bytes=totals.pinned_bytes,
            hits=int(amounts.get("hits", 0)),
            misses=int(amounts.get("misses", 0)),
            evicted=int(amounts.get("evicted", 0)),
            healed=int(amounts.get("healed", 0)),
            refused=int(amounts.get("refused", 0)),
            audio_s_served=amounts.get("audio_s_served", 0.0),
            synthesis_s_saved=amounts.get("synthesis_s_saved", 0.0),
            synthesis_s_spent=amounts.get("synthesis_s_spent", 0.0),
            since=since,
            degraded=degraded,
        )

    @property
    def hit_rate(self) -> float:
        """Share of look-ups answered, 0..1; 0 before the first."""
        return _share(self.hits, self.misses)

    @property
    def saved_share(self) -> float:
        """Share of all synthesis time, 0..1, that the cache made unnecessary."""
        return _share(self.synthesis_s_saved, self.synthesis_s_spent)


def _share(part: float, rest: float) -> float:
    return part / (part + rest) if part > 0 else 0.0
