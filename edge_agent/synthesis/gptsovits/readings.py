"""Normalised text to what a GPT-SoVITS voice reads: its own phonemes, and the Chinese text they came from.

Words, readings and tone sandhi are those of ``edge_agent.text``, so that polyphones need no model of their own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Final, Literal

from edge_agent.synthesis.gptsovits import arpabet, syllables
from edge_agent.text import TextError, english, mandarin, mixed, punctuation
from edge_agent.text.zh_words import words

MARKS: Final = MappingProxyType({",": ",", ";": ",", ":": ",", ".": ".", "!": "!", "?": "?", "…": "…", "—": "-"})
"""A mark of ``edge_agent.text`` to the one GPT-SoVITS knows."""

MIN_PHONES: Final = 6
"""Shorter ones are given a full stop in front: the model tends to swallow them."""

LANGUAGES: Final = MappingProxyType(
    {
        "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "KATAKANA-HIRAGANA": "Japanese", "HANGUL": "Korean",
        "CYRILLIC": "Russian or another Cyrillic language", "ARABIC": "Arabic", "HEBREW": "Hebrew", "THAI": "Thai",
        "DEVANAGARI": "Hindi or another Devanagari language", "BENGALI": "Bengali", "TAMIL": "Tamil", "LAO": "Lao",
        "KHMER": "Khmer", "MYANMAR": "Burmese", "MONGOLIAN": "Mongolian", "TIBETAN": "Tibetan", "GEORGIAN": "Georgian",
        "ARMENIAN": "Armenian",
    }
)  # fmt: skip
"""By the first word of a letter's Unicode name."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A Chinese character, an English word or a mark, with its phonemes. ``text`` is what a language model reads for it."""

    kind: Literal["chinese", "english", "mark"]
    text: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Chinese characters and marks in a row: ``text``, the phonemes that each character of it has, and the place of the first."""

    text: str
    counts: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One segment as it is read."""

    units: tuple[Unit, ...]

    @property
    def phones(self) -> tuple[str, ...]:
        return tuple(phone for unit in self.units for phone in unit.phones)

    def chinese(self) -> list[Stretch]:
        """What a Chinese text model has to look at, each with the marks that follow it."""
        found, start = [], 0
        for is_english, group in groupby(self.units, key=lambda unit: unit.kind == "english"):
            units = tuple(group)
            if not is_english and any(unit.kind == "chinese" for unit in units):
                found.append(Stretch("".join(unit.text for unit in units), tuple(len(unit.phones) for unit in units), start))
            start += sum(len(unit.phones) for unit in units)
        return found


def read(text: str) -> Reading:
    """Read normalised ``text`` in Mandarin and English.

    Raises:
        TextError: it is in another language, which is named, or holds nothing that can be said.
    """
    _refuse_foreign(text)
    units: list[Unit] = []
    for unit in _units(text):
        # a mark before any word, or after another mark, makes the model breathe or repeat its reference
        if unit.kind != "mark" or (units and units[-1].kind != "mark"):
            units.append(unit)
    if not any(unit.phones for unit in units if unit.kind != "mark"):
        raise TextError(f"nothing in {text[:40]!r} can be spoken by this voice")
    if sum(len(unit.phones) for unit in units) < MIN_PHONES:
        units.insert(0, Unit("mark", ".", (".",)))
    return Reading(tuple(units))


def _refuse_foreign(text: str) -> None:
    for position, letter in enumerate(text):
        if letter > "\u036f" and letter.isalpha():
            name = LANGUAGES.get(unicodedata.name(letter, "").partition(" ")[0])
            if name:
                raise TextError(
                    f"{letter!r} is written in {name}, which this voice cannot read: it speaks Mandarin and English", position=position
                )


def _units(text: str) -> Iterator[Unit]:
    for piece in mixed.pieces(text):
        if piece.kind == "chinese":
            yield from _chinese(piece.text)
        elif piece.kind == "english":
            yield from _english(english.phonemes(piece.text))
        elif piece.kind == "given":
            yield from _given(piece.text)
        else:
            yield _mark(punctuation.PAUSES[piece.text])


def _chinese(run: str) -> Iterator[Unit]:
    for word in mandarin.read("".join(filter(words().readable, run))):
        spoken = list(word.syllables)
        if mandarin.is_rhotic(word):
            spoken[-1] = f"er{spoken[-2][-1]}"
        for character, syllable in zip(word.text, spoken, strict=True):
            yield Unit("chinese", character, syllables.spell(syllable))


def _english(sounds: str) -> Iterator[Unit]:
    for word in sounds.split(" "):
        marks = [symbol for symbol in word if symbol in MARKS]
        if spoken := "".join(symbol for symbol in word if symbol not in MARKS and symbol not in '“”()"'):
            yield Unit("english", spoken, tuple(arpabet.from_sounds(spoken)))
        yield from map(_mark, marks)


def _given(sounds: str) -> Iterator[Unit]:
    """Phonemes that the sender gave; Mandarin where they can be."""
    for word in sounds.split():
        spoken = "".join(symbol for symbol in word if symbol not in MARKS)
        mandarin_word = syllables.from_sounds(spoken)
        if mandarin_word:
            yield Unit("english", spoken, tuple(phone for syllable in mandarin_word for phone in syllable))
        elif spoken:
            yield Unit("english", spoken, tuple(arpabet.from_sounds(spoken)))
        yield from (_mark(symbol) for symbol in word if symbol in MARKS)


def _mark(symbol: str) -> Unit:
    return Unit("mark", MARKS[symbol], (MARKS[symbol],))
