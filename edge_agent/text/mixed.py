"""Normalised text in any mixture of Chinese and English to phonemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def phonemes(text: str) -> str:
    """Phonemes of normalised `text`: Chinese by `mandarin`, anything in Latin letters by `english`, braces as given.

    Every symbol is in `symbols.SYMBOLS`, if those in braces are. What is neither a word nor a pause makes no sound; the
    result is empty if nothing does.
    """
    return punctuation.join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match.lastgroup == "chinese":
            yield mandarin.phonemes(piece)
        elif match.lastgroup == "english":
            yield english.phonemes(_SILENT.sub(" ", piece).translate(_PLAIN))
        elif match.lastgroup == "given":
            yield piece[1:-1]
        else:
            yield piece


def script(text: str) -> Literal["zh", "en", "mixed"]:
    """Whether `text` holds Chinese characters, Latin letters or both; `zh` if neither."""
    chinese = re.search(rf"[{mandarin.HAN}]", text)
    latin = re.search(rf"[{LETTER}]", re.sub(r"\{[^{}]*\}", "", text))
    if chinese and latin:
        return "mixed"
    return "en" if latin else "zh"
