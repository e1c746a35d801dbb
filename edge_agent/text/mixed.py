"""Normalised text in any mixture of Chinese and English to phonemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from edge_agent.text import english, mandarin, punctuation

LETTER: Final = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_MARKS: Final = re.escape("".join(punctuation.PAUSES))
_PIECE: Final = re.compile(
    r"(?P<given>\{[^{}]*\})"
    rf"|(?P<chinese>[{mandarin.HAN}]+)"
    rf"|(?P<english>[{LETTER}](?:[^{mandarin.HAN}{{}}]*[{LETTER}])?)"
    rf"|(?P<mark>[{_MARKS}])"
)
_SILENT: Final = re.compile(rf"[^{LETTER}'’\- {_MARKS}]+")
_PLAIN: Final = str.maketrans(dict(punctuation.PAUSES) | {"’": "'"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is read by one rule: Chinese characters, English words with the marks between them, a mark, or
    phonemes that were given (without their braces)."""

    kind: Literal["chinese", "english", "mark", "given"]
    text: str


def phonemes(text: str) -> str:
    """Phonemes of normalised `text`: Chinese by `mandarin`, anything in Latin letters by `english`, braces as given.

    Every symbol is in `symbols.SYMBOLS`, if those in braces are. What is neither a word nor a pause makes no sound; the
    result is empty if nothing does.
    """
    return punctuation.join(map(_spoken, pieces(text)))


def pieces(text: str) -> Iterator[Piece]:
    """What normalised `text` consists of, in order; what is neither a word nor a pause is left out."""
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match.lastgroup == "chinese":
            yield Piece("chinese", piece)
        elif match.lastgroup == "english":
            yield Piece("english", _SILENT.sub(" ", piece).translate(_PLAIN))
        elif match.lastgroup == "given":
            yield Piece("given", piece[1:-1])
        else:
            yield Piece("mark", piece)


def _spoken(piece: Piece) -> str:
    if piece.kind == "chinese":
        return mandarin.phonemes(piece.text)
    return english.phonemes(piece.text) if piece.kind == "english" else piece.text


def script(text: str) -> Literal["zh", "en", "mixed"]:
    """Whether `text` holds Chinese characters, Latin letters or both; `zh` if neither."""
    chinese = re.search(rf"[{mandarin.HAN}]", text)
    latin = re.search(rf"[{LETTER}]", re.sub(r"\{[^{}]*\}", "", text))
    if chinese and latin:
        return "mixed"
    return "en" if latin else "zh"
