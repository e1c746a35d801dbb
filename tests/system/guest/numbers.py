"""Announcements that sound as numbers, so that it can be counted in a recording how often each was heard to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_agent.phrases import PhraseCache
from edge_agent.speech import Engines, Speaker
from edge_agent.templates import Templates
from edge_agent.voices import Catalog
from tests.system import codes

N = 400


def seed(phrases: Path, state: Path) -> None:
    """Put the sounds into a phrase cache, as recordings of the voice that ships."""
    cache = PhraseCache(phrases, floor_bytes=0)
    voice = Catalog(state).get(None)
    speaker = Speaker(Engines("cpu", 1), cache, Templates.parse(()), -16.0)
    for number in range(N):
        (segment,) = speaker.script(words(number), "auto").speech
        key = speaker.key(segment, voice)
        cache.put(key, codes.encode(number), text=segment.text, lang=segment.lang, voice_id=voice.id, sample_rate=codes.RATE)
    cache.close()


def announcement(number: int) -> dict[str, Any]:
    return {"id": f"n{number}", "text": words(number), "voice": "default", "ttl_s": 36_000}


def words(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in f"{number:04}") + "号"
