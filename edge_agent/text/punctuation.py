"""Punctuation as the voices know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

PAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        mark: spoken
        for spoken, marks in {
            ",": ",，、､",
            ".": ".。．｡",
            "?": "?？",
            "!": "!！",
            ";": ";；",
            ":": ":：",
            "—": "—–―",
            "…": "…⋯",
        }.items()
        for mark in marks
    }
)
"""A written mark to the one spoken for it; every other mark is silent."""

SPOKEN: Final = frozenset(PAUSES.values())
"""The marks a voice knows."""


def join(pieces: Iterable[str]) -> str:
    """Phonemes of words and written marks in order, spaced as voices expect: a mark follows its word at once.

    Of several marks in a row the first counts, and one before any word is dropped.
    """
    out = ""
    for piece in pieces:
        mark = PAUSES.get(piece)
        if mark is None:
            out += f" {piece}" if out and piece else piece
        elif out and out[-1] not in SPOKEN:
            out += mark
    return out
