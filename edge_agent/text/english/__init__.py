"""American English text to phonemes, in the symbols and style that Kokoro-82M v1.0 was trained on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from edge_agent.text.english.lexicon import Lexicon
from edge_agent.text.english.reader import Reader
from edge_agent.text.letters_to_sound import LettersToSound

__all__ = ["phonemes"]

_DATA = Path(__file__).resolve().parent.parent / "data"


def phonemes(text: str) -> str:
    """Return how ``text`` (numbers, dates and units already written out as words) sounds in American English.

    Words are separated by one space, punctuation stays attached, every symbol is in ``edge_agent.text.symbols``.
    Unknown words are never dropped. The same text always gives the same phonemes; text without a letter or figure may
    give ``""``.

    Raises:
        LexiconError: the dictionary is missing from the installation.
        LettersToSoundError: the model for unknown words is missing or damaged.
    """
    return _reader().read(text)


@cache
def _reader() -> Reader:
    return Reader(Lexicon(_DATA / "lexicon_en.tsv"), lambda word: _letters_to_sound().sounds(word))


@cache
def _letters_to_sound() -> LettersToSound:
    return LettersToSound(_DATA / "letters_to_sound_en.npz")
