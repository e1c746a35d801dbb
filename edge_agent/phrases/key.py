"""What makes two recordings the same sound."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Protocol

from edge_agent.phrases.errors import NotCacheable

_KEY_SCHEMA = 1


class Segment(Protocol):
    """The part of :class:`edge_agent.text.Speech` that decides how it sounds before any gain."""

    @property
    def text(self) -> str: ...
    @property
    def lang(self) -> str: ...
    @property
    def phonemes(self) -> str: ...
    @property
    def rate(self) -> float: ...


def phrase_key(
    segment: Segment,
    *,
    voice_id: str,
    pack_digest: str,
    front_end_version: str,
    speed: float,
    sample_rate: int,
    engine_schema: int | str,
) -> str:
    """Name the sound of ``segment`` in a voice: 64 hexadecimal digits, the same on every device.

    ``speed`` multiplies the segment's own rate; rates that differ by less than 0.0001 count as one. Gain and volume
    are applied at playback and therefore stay out. ``sample_rate`` is in Hz.

    Raises:
        NotCacheable: the rate is not a positive finite number.
    """
    rate = speed * segment.rate
    if not (math.isfinite(rate) and rate > 0):
        raise NotCacheable(f"speed {speed!r} times segment rate {segment.rate!r} is not a positive finite number")
    ingredients = [
        _KEY_SCHEMA,
        segment.text,
        segment.lang,
        segment.phonemes,
        voice_id,
        pack_digest,
        front_end_version,
        f"{rate:.4f}",
        sample_rate,
        engine_schema,
    ]
    # JSON quotes every field, so no two lists of ingredients can run together into the same bytes.
    canonical = json.dumps(ingredients, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
