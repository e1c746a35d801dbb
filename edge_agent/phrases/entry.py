"""What the cache knows about a recording."""

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
