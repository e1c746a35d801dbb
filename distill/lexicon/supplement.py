"""Reads the hand-written supplement: how each word is said, in terms of words the dictionaries already have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_agent.text.english import stress
from edge_agent.text.english.lexicon import SPELLED
from edge_agent.text.english.pinyin_names import syllable_sounds
from edge_agent.text.symbols import SYMBOLS


class SupplementError(ValueError):
    """A line of the supplement cannot be understood."""

    def __init__(self, line_number: int, problem: str) -> None:
        super().__init__(f"supplement line {line_number}: {problem}")
        self.line_number = line_number


def read_supplement(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Return word to sounds for every entry of ``path``; ``known`` has the dictionary words it may refer to.

    Raises:
        SupplementError: no ``=`` in an entry, an unknown word or symbol, or the same word read two ways.
    """
    entries: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        for entry in line.split(";"):
            word, equals, how = (part.strip() for part in entry.partition("="))
            if not (word and equals and how):
                raise SupplementError(number, f"{entry.strip()!r} is not WORD = HOW")
            try:
                sounds = _sounds(how, known)
            except KeyError as error:
                raise SupplementError(number, f"{word}: {error.args[0]!r} is unknown") from error
            if entries.setdefault(word, sounds) != sounds:
                raise SupplementError(number, f"{word} is already read {entries[word]}")
    return entries


def _sounds(how: str, known: Mapping[str, str]) -> str:
    if how == SPELLED:
        return SPELLED
    if how.startswith("["):
        return syllable_sounds(how.strip("[]").split())
    parts = [part.strip("/") if part.startswith("/") else known[part] for part in how.split("+")]
    for symbol in "".join(parts):
        SYMBOLS[symbol]
    if len(parts) == 1:
        return parts[0]
    return stress.strengthen(parts[0], stress.PRIMARY) + "".join(stress.weaken(part) for part in parts[1:])
