"""What of a filled template is spoken and cached by itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge_agent.templates.parts import Part, Slot, speakable

_OPENING = frozenset({"Ps", "Pi", "Sc"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a matched text; ``kind`` is that of the slot in it, by which it is to be read, or None."""

    text: str
    kind: str | None


def pieces_of(parts: Iterable[Part]) -> tuple[Piece, ...]:
    """The pieces of a match, or of a template whose slots are empty.

    Marks go with the words whose reading they decide: a comma or ``%`` with what stands before it, an opening bracket or
    ``$`` with what follows.
    """
    pieces: list[Piece] = []
    opening = ""
    for part in parts:
        if isinstance(part, Slot):
            pieces.append(Piece(opening + part.text, part.kind))
            opening = ""
            continue
        closing, body, opening = _marks(part.text)
        if pieces:
            pieces[-1] = replace(pieces[-1], text=pieces[-1].text + closing)
        else:
            body = closing + body
        if speakable(body):
            pieces.append(Piece(body, None))
        else:
            opening = body + opening
    return tuple(replace(piece, text=piece.text.strip()) for piece in pieces)


def _marks(text: str) -> tuple[str, str, str]:
    """Cut fixed text into marks that belong to what precedes it, its own words, marks that belong to what follows."""
    end = len(text)
    while end > 0 and unicodedata.category(text[end - 1]) in _OPENING:
        end -= 1
    start = 0
    while start < end and not text[start].isalnum() and unicodedata.category(text[start]) not in _OPENING:
        start += 1
    return text[:start], text[start:end], text[end:]
