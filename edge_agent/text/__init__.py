"""Text as it arrives to phonemes as a voice reads them."""

from __future__ import annotations

from typing import Literal

from edge_agent.text import speech
from edge_agent.text.errors import NothingSpeakable, SsmlError, TextError

__all__ = ["Lang", "NothingSpeakable", "SsmlError", "TextError", "phonemes"]

Lang = Literal["auto", "zh", "en"]


def phonemes(text: str, lang: Lang = "auto") -> str:
    """Phonemes of already normalised text, every symbol in `symbols.SYMBOLS`; empty if nothing in it is spoken.

    Chinese characters are read in Mandarin and Latin letters in English whatever `lang` says: it decides only how
    `normalise` reads what belongs to no script, digits above all.
    """
    return speech.phonemes(text)
