"""What the cache knows about a recording, and about itself."""

from __future__ import annotations

from dataclasses import dataclass


def file_name(key: str, sha256: str) -> str:
    """Where a recording is kept. Names the content too, so that one replaced is never taken for its successor."""
    return f"{key}-{sha256[:16]}.flac"


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One cached phrase. Times are seconds since the Unix epoch; ``synthesis_s`` is what making it once cost."""

    key: str
    text: str
    lang: str
    voice_id: str
    sample_rate: int
    n_frames: int
    n_bytes: int
    sha256: str
    """Of the file's bytes."""
    synthesis_s: float
    created_at: float
    last_used_at: float
    hits: int
    pinned: bool

    @property
    def audio_s(self) -> float:
        return self.n_frames / self.sample_rate

    @property
    def file_name(self) -> str:
        return file_name(self.key, self.sha256)


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
