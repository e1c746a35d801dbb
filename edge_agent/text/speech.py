"""Normalised text in any mixture of Chinese and English to phonemes."""

from __future__ import annotations

import re
from typing import Final, Iterator

from edge_agent.text import english, mandarin, punctuation

LETTER: Final = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_PIECE: Final = re.compile(
    rf"(?P<chinese>[{mandarin.HAN}]+)"
    rf"|(?P<english>[{LETTER}](?:[^{mandarin.HAN}]*[{LETTER}])?)"
    rf"|(?P<mark>[{re.escape(''.join(punctuation.PAUSES))}])"
)
_SILENT: Final = re.compile(rf"[^{LETTER}'’\- {re.escape(''.join(punctuation.PAUSES))}]+")
_MARKS: Final = str.maketrans(dict(punctuation.PAUSES) | {"’": "'"})


def phonemes(text: str) -> str:
    """Phonemes of normalised `text`: Chinese by `mandarin`, anything in Latin letters by `english`.

    Every symbol is in `symbols.SYMBOLS`. What is neither a word nor a pause makes no sound; the result is empty if
    nothing does.
    """
    return punctuation.join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match.lastgroup == "chinese":
            yield mandarin.phonemes(piece)
        elif match.lastgroup == "english":
            yield english.phonemes(_SILENT.sub(" ", piece).translate(_MARKS))
        else:
            yield piece
