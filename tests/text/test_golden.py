"""Announcements against readings written by hand; policy and format in golden/README.md."""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_agent.text import mandarin, normalise, phonemes
from edge_agent.text.symbols import encode

FILE = Path(__file__).parent / "golden" / "announcements.tsv"


class Case(NamedTuple):
    category: str
    lang: str
    written: str
    spoken: list[str]
    pinyin: list[tuple[str, list[str]]]


def _cases() -> list[Case]:
    cases = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            category, lang, written, spoken, *pinyin = line.split("\t")
            items = re.findall(r"(\S+?)=((?:[a-z]+[1-5] ?)+)", pinyin[0]) if pinyin else []
            cases.append(Case(category, lang, written, spoken.split(" | "), [(word, read.split()) for word, read in items]))
    return cases


CASES = _cases()


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def test_file_is_whole():
    assert len(CASES) >= 500
    assert sum(case.category == "nav" for case in CASES) >= 120


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.written)
def test_normalise(case):
    accepted = [_bare(spoken) for spoken in case.spoken]
    assert _bare(normalise(case.written)) in accepted
    if case.lang != "mixed":
        assert _bare(normalise(case.written, case.lang)) in accepted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.written)
def test_spoken_text_is_stable_and_can_be_encoded(case):
    spoken = normalise(case.written)
    assert normalise(spoken) == spoken
    assert encode(phonemes(spoken))


def _tones_meet(word_syllables: list[str], following: str) -> list[str]:
    """Sandhi with the next word: the file gives a word's tones as if it ended the phrase."""
    return (
        [*word_syllables[:-1], word_syllables[-1][:-1] + "2"]
        if word_syllables[-1][-1] == "3" and following[-1:] in ("2", "3")
        else word_syllables
    )


@pytest.mark.parametrize("case", [case for case in CASES if case.pinyin], ids=lambda case: case.written)
def test_pinyin(case):
    characters, syllables = "", []
    for run in re.findall(f"[{mandarin.HAN}]+", normalise(case.written)):
        for word in mandarin.read(run):
            characters += word.text
            syllables += word.syllables
        characters += "|"
        syllables.append("|")
    for word, expected in case.pinyin:
        places = [match.start() for match in re.finditer(word, characters)]
        found = [syllables[at : at + len(word)] for at in places]
        accepted = [expected, *(_tones_meet(expected, syllables[at + len(word)]) for at in places)]
        assert any(reading in accepted for reading in found), f"{word}: {found}, expected {expected}"
