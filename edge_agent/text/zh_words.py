"""The Mandarin word list: where words end, and how each is read.

One line of `data/zh_words.txt` holds all words that begin with one character, and stays the bytes it is: a word is
searched in its line, so three hundred thousand words cost their file size in memory and load in milliseconds.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from math import log
from typing import Final, NamedTuple

MAX_WORD: Final = 8
"""Longest word in characters."""

OWN_FREQUENCY: Final = 400
"""Weight of a word of `zh_own.txt` without a better figure: enough to win over its parts."""


class Word(NamedTuple):
    """A word and its syllables (`hang2`), one a character, before any sandhi."""

    text: str
    syllables: tuple[str, ...]


class Words:
    """Segmentation and readings. Use `words()`; building one reads about 3 MB."""

    def __init__(self, listed: bytes, own: str, characters: str) -> None:
        self._default: dict[str, str] = {}
        for line in characters.splitlines():
            syllable, _, same = line.partition(" ")
            self._default.update(dict.fromkeys(same, syllable))
        total, *lines = listed.rstrip(b"\n").split(b"\n")
        self._log_total = log(int(total))
        self._lines = {line[: line.index(b"\t")].decode(): line + b"\t" for line in lines}
        self._own: dict[str, tuple[int, str]] = {}
        for line in own.splitlines():
            if line and not line.startswith("#"):
                word, reading, *frequency = line.split("\t")
                self._own[word] = (int(frequency[0]) if frequency else OWN_FREQUENCY, reading)
        self._entry = lru_cache(maxsize=8192)(self._find)

    def _find(self, word: str) -> tuple[float, tuple[str, ...] | None] | None:
        """Logarithm of the probability of `word`, and its reading unless that of its characters; None if not listed."""
        frequency, reading = self._own.get(word, (0, ""))
        line = self._lines.get(word[0], b"")
        start = line.find(f"\t{word[1:]},".encode())
        if start >= 0:
            _, listed_frequency, *listed_reading = line[start + 1 : line.index(b"\t", start + 1)].decode().split(",")
            frequency = max(frequency, int(listed_frequency))
            reading = reading or "".join(listed_reading)
        if not frequency:
            return None
        return log(frequency) - self._log_total, tuple(reading.split(" ")) if reading else None

    def is_word(self, text: str) -> bool:
        """Whether `text` is listed as a word."""
        return self._entry(text) is not None

    def readable(self, character: str) -> bool:
        """Whether `character` has a Mandarin reading."""
        return character in self._default

    def read(self, word: str) -> tuple[str, ...]:
        """Syllables of a listed word, or of each character by itself."""
        entry = self._entry(word)
        if entry is not None and entry[1] is not None:
            return entry[1]
        return tuple(self._default[character] for character in word)

    def segment(self, text: str) -> list[Word]:
        """The most probable words of a run of readable characters (unigram model, dynamic programming)."""
        n = len(text)
        unknown = -self._log_total
        best = [0.0] * (n + 1)
        size = [1] * n
        for start in range(n - 1, -1, -1):
            entry = self._entry(text[start])
            best[start] = (entry[0] if entry else unknown) + best[start + 1]
            for end in range(start + 2, min(n, start + MAX_WORD) + 1):
                entry = self._entry(text[start:end])
                if entry is not None and (score := entry[0] + best[end]) >= best[start]:
                    best[start] = score
                    size[start] = end - start
        found = []
        start = 0
        while start < n:
            word = text[start : start + size[start]]
            found.append(Word(word, self.read(word)))
            start += len(word)
        return found


@lru_cache(maxsize=1)
def words() -> Words:
    """The shared word list, read on first use."""
    data = resources.files("edge_agent.text") / "data"
    return Words(
        (data / "zh_words.txt").read_bytes(),
        (data / "zh_own.txt").read_text(encoding="utf-8"),
        (data / "zh_characters.txt").read_text(encoding="utf-8"),
    )
