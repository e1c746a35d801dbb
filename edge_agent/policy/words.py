"""Finding blocked words however they are spelled out: ``B.a d``, full width, or cut by SSML tags."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_TAG = re.compile(r"""<(?:"[^"]*"|'[^']*'|[^<>"'])*>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ALIAS = re.compile(r"""<sub\b[^<>]*?\balias\s*=\s*("[^"]*"|'[^']*')[^<>]*>.*?</sub\s*>""", re.DOTALL)


class BlockedWords:
    """A list of words, matched without regard to case, width, spaces, punctuation and tags.

    A Chinese word is found anywhere. A word in letters must begin and end where a word of the text does, so that
    ``ass`` is found in ``a.s.s`` and not in ``class`` or ``as sure``.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {_squeeze(word).text: word for word in words}
        self._words.pop("", None)

    def find(self, text: str) -> str | None:
        """Return a blocked word the text contains, as it is listed, or None."""
        if not self._words:
            return None
        for spoken in _readings(text):
            squeezed = _squeeze(spoken)
            for word, listed in self._words.items():
                if squeezed.contains(word):
                    return listed
        return None


def is_blockable(word: str) -> bool:
    """Whether anything of the word is left to match."""
    return bool(_squeeze(word).text)


def _readings(text: str) -> list[str]:
    """What might be spoken: the text as it is, without its tags, and with what its ``sub`` elements say instead."""
    if "<" not in text:
        return [text]
    bare = _CDATA.sub(lambda match: html.escape(match[1]), _COMMENT.sub(" ", text))
    aliased = _ALIAS.sub(lambda match: match[1][1:-1], bare)
    readings = [html.unescape(_TAG.sub(" ", reading)) for reading in (bare, aliased)]
    return readings if text.lstrip().startswith("<speak") else [text, *readings]


class _Squeezed(NamedTuple):
    """The letters and digits of a text, folded, and the places among them where a word of it begins or ends."""

    text: str
    edges: set[int]

    def contains(self, word: str) -> bool:
        at = self.text.find(word)
        while at >= 0:
            if at in self.edges and at + len(word) in self.edges:
                return True
            at = self.text.find(word, at + 1)
        return False


def _squeeze(text: str) -> _Squeezed:
    kept: list[str] = []
    edges = set()
    before = " "
    for char in unicodedata.normalize("NFKC", text):
        # Invisible characters and marks on letters neither show nor separate.
        if unicodedata.category(char) in ("Cf", "Mn", "Me"):
            continue
        if not _joins(before, char):
            edges.add(len(kept))
        kept.extend(folded for folded in char.casefold() if folded.isalnum())
        before = char
    edges.add(len(kept))
    return _Squeezed("".join(kept), edges)


def _joins(before: str, char: str) -> bool:
    """Whether two neighbours are inside one word; scripts without spaces have a word edge everywhere."""
    return before.isalnum() and char.isalnum() and not (_is_spaceless(before) or _is_spaceless(char))


def _is_spaceless(char: str) -> bool:
    return (
        "\u2e80" <= char <= "\ua4cf"
        or "\uac00" <= char <= "\ud7af"
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )
