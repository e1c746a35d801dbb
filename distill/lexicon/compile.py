"""Merges misaki's two American dictionaries into the one file the reader binary-searches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

Pronunciation = str | None
Entry = str | Mapping[str, Pronunciation]

SPELLED = "*"
"""Stands for "letter by letter" where a dictionary has no sounds for a part of speech."""

_KOKORO_V1 = str.maketrans({"ɾ": "T", "ʔ": "t"})


def compile_lexicon(gold_path: Path, silver_path: Path) -> str:
    """Return the merged lexicon as text: one ``word<TAB>default[<TAB>TAG=variant...]`` a line, sorted by UTF-8 bytes.

    Gold wins over silver, also where the two differ only in the case of the first letter, because a reader tries both
    cases of a word. Variants equal to the default are dropped.
    """
    gold: dict[str, Entry] = json.loads(gold_path.read_text("utf-8"))
    silver: dict[str, Entry] = json.loads(silver_path.read_text("utf-8"))
    reachable = gold.keys() | {swapped for word in gold if (swapped := _other_case(word))}
    merged = {word: entry for word, entry in silver.items() if word not in reachable} | gold
    lines = sorted(f"{word}\t{_line(entry)}".encode() for word, entry in merged.items())
    return b"\n".join(lines).decode() + "\n"


def _other_case(word: str) -> str | None:
    if len(word) < 2:
        return None
    if word == word.lower():
        return word.capitalize()
    return word.lower() if word == word.lower().capitalize() else None


def _line(entry: Entry) -> str:
    if isinstance(entry, str):
        return entry.translate(_KOKORO_V1)
    variants = {tag: SPELLED if sounds is None else sounds.translate(_KOKORO_V1) for tag, sounds in entry.items()}
    default = variants.pop("DEFAULT")
    return "\t".join([default, *(f"{tag}={sounds}" for tag, sounds in sorted(variants.items()) if sounds != default)])
