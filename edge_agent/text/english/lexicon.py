"""The pronunciation dictionary, searched on disk: 180,000 words cost a page cache, not a heap."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from edge_agent.text.errors import TextError

_ENTRIES_KEPT = 1024
"""A sentence is read once to see where it may be cut, and small words are in every one."""
SPELLED = "*"
"""A variant with this value is read letter by letter (``AM`` as a noun)."""


class LexiconError(TextError):
    """The dictionary file is missing or is not one."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"pronunciation dictionary {path}: {problem}; reinstall the package")
        self.path = path


@dataclass(frozen=True, slots=True)
class Entry:
    """How one word sounds: by default, and where it differs as a NOUN, VERB, ADJ, ..., or before a pause (``None``)."""

    default: str
    variants: Mapping[str, str] = field(default_factory=dict)

    def sounds(self, *tags: str) -> str:
        """Return the sounds for the first of ``tags`` that differs from the default."""
        return next((self.variants[tag] for tag in tags if tag in self.variants), self.default)


class Lexicon:
    """A memory-mapped file of ``word<TAB>default[<TAB>TAG=variant...]`` lines, sorted by their UTF-8 bytes."""

    def __init__(self, path: Path) -> None:
        """Raises:
        LexiconError: there is no such file, or it is empty.
        """
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise LexiconError(path, str(error)) from error
        self._search = lru_cache(_ENTRIES_KEPT)(self._searched)

    def find(self, word: str) -> Entry | None:
        """Look ``word`` up as written, else with its first letter in the other case (``Monday`` finds ``monday``)."""
        entry = self._search(word)
        if entry is None and len(word) > 1 and (word.islower() or word == word.capitalize()):
            entry = self._search(word[0].swapcase() + word[1:])
        return entry

    def find_exact(self, word: str) -> Entry | None:
        """Look ``word`` up as written only. Names are filed with a capital, so this tells them from common words."""
        return self._search(word)

    def __contains__(self, word: str) -> bool:
        return self.find(word) is not None

    def __iter__(self) -> Iterator[str]:
        """Every word, in file order."""
        self._map.seek(0)
        while line := self._map.readline():
            yield line.split(b"\t", 1)[0].decode()

    def _searched(self, word: str) -> Entry | None:
        key = word.encode() + b"\t"
        low, high = 0, len(self._map)
        while low < high:
            start = self._map.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._map.find(b"\n", start)
            line = self._map[start : end if end >= 0 else len(self._map)]
            if line.startswith(key):
                return _entry(line)
            if line < key:
                low = start + len(line) + 1
            else:
                high = start
        return None


def _entry(line: bytes) -> Entry:
    _, default, *variants = line.decode().split("\t")
    return Entry(default, dict(variant.split("=", 1) for variant in variants)) if variants else Entry(default)
