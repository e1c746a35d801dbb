"""Merges the dictionaries into the one file the reader binary-searches."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.lexicon.arpabet import from_arpabet
from distill.lexicon.supplement import read_supplement
from edge_agent.text.english.lexicon import SPELLED, Lexicon
from edge_agent.text.english.reader import Reader

Entry = str | Mapping[str, str | None]

_KOKORO_V1 = str.maketrans({"ɾ": "T", "ʔ": "t"})


def compile_lexicon(gold_path: Path, silver_path: Path, cmudict_path: Path, supplement_path: Path) -> str:
    """Return the merged lexicon as text: one ``word<TAB>default[<TAB>TAG=variant...]`` a line, sorted by UTF-8 bytes.

    The supplement wins over misaki's gold, gold over silver, silver over CMUdict. Between dictionaries this also holds
    where two entries differ only in the case of the first letter, because a reader tries both cases of a word. Words of
    CMUdict alone are filed with a capital: most are names, and a short one in capitals is more likely an acronym. Those
    that are misaki's words with an ending are left out: ``passengers`` shall sound like ``passenger``. Variants equal
    to the default are dropped.

    Raises:
        SupplementError: the supplement has a line that cannot be understood.
    """
    gold: dict[str, Entry] = json.loads(gold_path.read_text("utf-8"))
    silver: dict[str, Entry] = json.loads(silver_path.read_text("utf-8"))
    lines = {word: _line(entry) for word, entry in (_unreachable(silver, gold) | gold).items()}
    names = _underivable(_unreachable(_cmudict(cmudict_path), lines), lines)
    known = {word: line.split("\t")[0] for word, line in (names | lines).items()}
    supplement = read_supplement(supplement_path, known)
    acronyms = {word.capitalize() for word, sounds in supplement.items() if sounds == SPELLED}
    return _sorted({word: sounds for word, sounds in names.items() if word not in acronyms} | lines | supplement)


def _sorted(lines: Mapping[str, str]) -> str:
    return b"".join(sorted(f"{word}\t{line}\n".encode() for word, line in lines.items())).decode()


def _underivable(candidates: Mapping[str, str], lines: Mapping[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lexicon.tsv"
        path.write_text(_sorted(lines), "utf-8")
        reader = Reader(Lexicon(path), guess=lambda _: "")
        return {word: sounds for word, sounds in candidates.items() if reader.inflected(word.lower()) is None}


def _unreachable(lesser: Mapping[str, Any], better: Mapping[str, object]) -> dict[str, Any]:
    reachable = better.keys() | {swapped for word in better if (swapped := _other_case(word))}
    return {word: entry for word, entry in lesser.items() if word not in reachable}


def _cmudict(path: Path) -> dict[str, str]:
    """Words of letters and apostrophes, with a capital, first reading; possessives are left to the rule for them."""
    words: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        word, _, transcription = line.partition("#")[0].strip().partition(" ")
        if re.fullmatch(r"[a-z]+(?:'[a-z]+)*", word) and len(word) > 1 and not word.endswith("'s"):
            words[word.capitalize()] = from_arpabet(transcription)
    return words


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
