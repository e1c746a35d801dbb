"""What a sentence with gaps consists of: fixed text and slots, and what may fill these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_SENTENCE_ENDS = frozenset("。！？!?；;\n\r")
_CODE_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-·")
_NUMBER_CHARS = frozenset("0123456789.,:-零〇一二两三四五六七八九十百千万亿点半")
_NAME_MARKS = frozenset(" '’·-.")

KINDS: dict[str, Callable[[str], bool]] = {
    "text": lambda char: char not in _SENTENCE_ENDS,
    "code": _CODE_CHARS.__contains__,
    "number": _NUMBER_CHARS.__contains__,
    "name": lambda char: char.isalpha() or char in _NAME_MARKS,
}
"""What each kind of slot takes, character by character: ``code`` is a ticket, flight, gate or plate, ``name`` a
person, place or line."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Text that is the same in every announcement of a template."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap; in a :class:`Match` ``text`` is what filled it, in a :class:`Template` it is empty."""

    name: str
    kind: str = "text"
    text: str = ""


Part = Fixed | Slot


def speakable(text: str) -> bool:
    """Whether there is anything in it to say."""
    return any(map(str.isalnum, text))
