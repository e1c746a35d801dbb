"""A sound and its file: the entry that describes them, and the proof that they still belong together."""

from __future__ import annotations

import hashlib
import re

from edge_agent.phrases.codec import PCM, decode, encode
from edge_agent.phrases.entry import CacheEntry
from edge_agent.phrases.errors import NotCacheable

_KEY = re.compile(r"[0-9a-f]{64}")


def is_key(text: str) -> bool:
    """Whether it could have been made by :func:`phrase_key`."""
    return _KEY.fullmatch(text) is not None


def record(
    key: str, pcm: PCM, *, text: str, lang: str, voice_id: str, sample_rate: int, synthesis_s: float, pinned: bool, now: float
) -> tuple[CacheEntry, bytes]:
    """The entry and the file's bytes for a sound, float32 ``[n_frames]`` in -1..1 at ``sample_rate`` Hz.

    Raises:
        NotCacheable: the sound or its description breaks the contract.
    """
    _check_description(key, text, synthesis_s)
    blob = encode(pcm, sample_rate)
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
    return entry, blob


def play_back(entry: CacheEntry, blob: bytes) -> PCM:
    """The sound, float32 ``[n_frames]``, of a file whose hash and length prove right.

    Raises:
        ValueError: they do not; the file is damaged.
    """
    if len(blob) != entry.n_bytes or hashlib.sha256(blob).hexdigest() != entry.sha256:
        raise ValueError("the file's hash is not the one recorded")
    pcm, sample_rate = decode(blob)
    if pcm.size != entry.n_frames or sample_rate != entry.sample_rate:
        raise ValueError("the file's length or sample rate is not the one recorded")
    return pcm


def _check_description(key: str, text: str, synthesis_s: float) -> None:
    if not is_key(key):
        raise NotCacheable(f"{key!r} is not a key made by phrase_key")
    if not 0.0 <= synthesis_s < float("inf"):
        raise NotCacheable(f"synthesis_s={synthesis_s!r} is not a duration")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCacheable(f"the text is not valid Unicode at position {error.start}") from error
