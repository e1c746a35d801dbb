"""Errors between what was to be said and what a recogniser heard.

Mandarin and mixed text is compared in **units**. A Chinese character is one unit; a run of Latin words with no Chinese
character between them is one unit that weighs as many as the reference has words there, and its spaces and hyphens do
not count ("Check-in", "check in" and "CheckIn" are the same run).

- *Character error* compares characters. A run is right or wrong.
- *Pinyin error* compares the characters' syllables, with or without tone, so that a homophone the recogniser chose
  (红桥 for 虹桥) costs nothing. A run heard as another run costs its weight times the share of letters that differ:
  "Starbuck" for "Starbucks" is a small error, "Stop" a large one. A run heard as Chinese is wrong as a whole, and what
  Chinese there is beyond one character is too much.

English is compared in words (word error) and in letters (character error).

Digits are silent about how they were said (8:30 may be eight thirty or half past eight, 102 may be 幺零二): each number
is read in the way that is nearest to the reference. Everything else a recogniser writes differently without having
heard differently (case, punctuation, traditional characters, 两 and 二, "Dr." and "doctor") is made the same on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from distill.evaluate import digits

HAN = "\u3400-\u9fff"
_UNIT = re.compile(rf"[{HAN}]|[a-z']+")
_ABBREVIATIONS = {"dr": "doctor", "mr": "mister", "ms": "miss", "ok": "okay"}

Counted = tuple[float, float]
"""Errors, and the number of units they are out of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """``text`` to compare; ``weight`` what it counts; ``latin`` whether it is a run of Latin words."""

    text: str
    weight: float = 1.0
    latin: bool = False


def mandarin_errors(reference: str, heard: str) -> dict[str, Counted]:
    """``cer``, ``pinyin`` and ``pinyin_toned`` of Mandarin text."""
    heard = _simplified(heard)
    return {
        "cer": _nearest(reference, heard, units, digits.mandarin, _all_or_nothing),
        "pinyin": _nearest(reference, heard, lambda text: syllables(text, tones=False), digits.mandarin, _graded),
        "pinyin_toned": _nearest(reference, heard, lambda text: syllables(text, tones=True), digits.mandarin, _graded),
    }


def mixed_errors(reference: str, heard: str) -> dict[str, Counted]:
    """``pinyin``, toneless, of Mandarin with English in it."""

    def readings(match: re.Match[str]) -> list[str]:
        return digits.mandarin(match) + [f" {reading} " for reading in digits.english(match)]

    return {"pinyin": _nearest(reference, _simplified(heard), lambda text: syllables(text, tones=False), readings, _graded)}


def english_errors(reference: str, heard: str) -> dict[str, Counted]:
    """``wer`` and ``cer`` of English text."""
    return {
        "wer": _nearest(reference, heard, words, digits.english, _all_or_nothing),
        "cer": _nearest(reference, heard, letters, digits.english, _all_or_nothing),
    }


def units(text: str) -> list[Unit]:
    """Characters and Latin runs of normalised Mandarin or mixed text; what is neither is dropped."""
    found = _UNIT.findall(_plain(text).replace("两", "二"))
    result: list[Unit] = []
    for latin, pieces in groupby(found, key=str.isascii):
        run = list(pieces)
        result += [Unit("".join(run), float(len(run)), latin=True)] if latin else [Unit(piece) for piece in run]
    return result


def syllables(text: str, *, tones: bool) -> list[Unit]:
    """:func:`units` with characters as pinyin, ``hong`` or ``hong2``."""
    from pypinyin import Style, lazy_pinyin

    style = Style.TONE3 if tones else Style.NORMAL
    result: list[Unit] = []
    for latin, run in groupby(units(text), key=lambda unit: unit.latin):
        if latin:
            result += run
        else:  # the whole run at once: its words decide how characters with several readings are read
            result += [Unit(s) for s in lazy_pinyin("".join(u.text for u in run), style=style, neutral_tone_with_five=True)]
    return result


def words(text: str) -> list[Unit]:
    """English words."""
    return [Unit(word) for word in re.findall(r"[a-z']+", _plain(text))]


def letters(text: str) -> list[Unit]:
    """The letters of :func:`words`, without spaces."""
    return [Unit(letter) for word in words(text) for letter in word.text]


def distance(
    reference: Sequence[Unit], heard: Sequence[Unit], mismatch: Callable[[Unit, Unit], float]
) -> float:
    """Least cost of turning ``heard`` into ``reference``: a missing or added unit costs its weight, a replaced one
    ``mismatch``."""
    row = [0.0]
    for unit in heard:
        row.append(row[-1] + unit.weight)
    for expected in reference:
        last, row = row, [row[0] + expected.weight]
        for j, unit in enumerate(heard):
            row.append(min(last[j + 1] + expected.weight, row[j] + unit.weight, last[j] + mismatch(expected, unit)))
    return row[-1]


def _all_or_nothing(expected: Unit, heard: Unit) -> float:
    return 0.0 if expected.text == heard.text else max(expected.weight, heard.weight)


def _graded(expected: Unit, heard: Unit) -> float:
    if not (expected.latin and heard.latin):
        return _all_or_nothing(expected, heard)
    a, b = ([Unit(letter) for letter in unit.text] for unit in (expected, heard))
    wrong = expected.weight * distance(a, b, _all_or_nothing) / len(a)
    return min(wrong, max(expected.weight, heard.weight))


def _nearest(
    reference: str,
    heard: str,
    split: Callable[[str], list[Unit]],
    readings: Callable[[re.Match[str]], list[str]],
    mismatch: Callable[[Unit, Unit], float],
) -> Counted:
    expected = split(reference)
    heard = _separate(heard)

    def cost(text: str) -> float:
        return distance(expected, split(digits.NUMBER.sub(lambda match: readings(match)[0], text)), mismatch)

    # Left to right, each number in the reading that helps most while those after it stand as quantities: the numbers of
    # a sentence hardly touch each other, and trying all combinations would explode on a long code.
    while match := digits.NUMBER.search(heard):
        options = [heard[: match.start()] + reading + heard[match.end() :] for reading in readings(match)]
        heard = min(options, key=cost)
    return distance(expected, split(heard), mismatch), sum(unit.weight for unit in expected)


def _separate(text: str) -> str:
    """Part digits from letters (B2 -> B 2), but not from an ordinal's ending."""
    text = re.sub(r"(?<=[A-Za-z])(?=\d)", " ", text)
    return re.sub(r"(?<=\d)(?=(?!(?:st|nd|rd|th)\b)[A-Za-z])", " ", text, flags=re.IGNORECASE)


def _simplified(text: str) -> str:
    return _converter().convert(text)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def _plain(text: str) -> str:
    text = text.lower().replace("’", "'").replace("&", " and ").replace("%", " percent ")
    text = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", text)
    text = re.sub(rf"[^a-z'{HAN}]+", " ", text)
    return re.sub(r"[a-z]+", lambda match: _ABBREVIATIONS.get(match[0], match[0]), text).strip()
