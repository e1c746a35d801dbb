"""Readings a sender can ask for by name: SSML `say-as`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.errors import TextError
from edge_agent.text.fold import fold
from edge_agent.text.normaliser import normalise
from edge_agent.text.slots import calendar, clock, codes, counting, measures, money
from edge_agent.text.slots.rule import Rule, apply

Language = Literal["zh", "en"]
_CARDINAL: Final = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")


def _characters(text: str, lang: Language) -> str:
    return numbers_zh.digits(" ".join(text.upper())) if lang == "zh" else numbers_en.digits(text)


def _dictated(text: str, lang: Language) -> str:
    if lang == "en":
        return numbers_en.digits(text)
    return numbers_zh.digits(" ".join(re.findall(r"[A-Za-z]|[^A-Za-z\s]+", re.sub(r"[-·.()]", "", text))), one="幺")


def _digits(text: str, lang: Language) -> str:
    return codes.code_zh(text) if lang == "zh" else numbers_en.digits(text)


def _short_code(text: str, lang: Language) -> str:
    pieces = []
    for piece in re.findall(r"[A-Za-z]+|\d+|[^\W\d_a-zA-Z]+", text):
        if not piece.isdecimal():
            pieces.append(codes.letters(piece))
        elif lang == "en":
            pieces.append(codes.short_or_digits_en(piece))
        else:
            pieces.append(numbers_zh.cardinal(piece) if len(piece) < 3 else numbers_zh.digits(piece))
    return "".join(pieces) if lang == "zh" else " ".join(pieces)


def _cardinal(text: str, lang: Language) -> str:
    number = text.replace(" ", "")
    if not _CARDINAL.fullmatch(number):
        raise TextError(f"{text!r} is not a number")
    return measures.signed_zh(number) if lang == "zh" else measures.signed_en(number)


def _ordinal(text: str, lang: Language) -> str:
    match = re.fullmatch(r"第?\s?(\d[\d,]*)(?:st|nd|rd|th)?", text)
    if match is None:
        raise TextError(f"{text!r} is not an ordinal")
    number = match[1].replace(",", "")
    return f"第{numbers_zh.cardinal(number)}" if lang == "zh" else numbers_en.ordinal(number)


def _by(name: str, zh: tuple[Rule, ...], en: tuple[Rule, ...]) -> Callable[[str, Language], str]:
    def read(text: str, lang: Language) -> str:
        spoken = apply(zh if lang == "zh" else en, text)
        if spoken == text and not re.fullmatch(r"[-\d.,]+|[^\d]+|\d.*[\u4e00-\u9fff]", text):
            raise TextError(f"{text!r} is not a {name}")
        return normalise(spoken, lang)

    return read


def _fraction(text: str, lang: Language) -> str:
    match = re.fullmatch(r"(\d{1,9})\s?/\s?(\d{1,9})", text)
    if match is None:
        raise TextError(f"{text!r} is not a fraction")
    return counting.fraction_zh(match[1], match[2]) if lang == "zh" else counting.fraction_en(match[1], match[2])


def _date(text: str, lang: Language) -> str:
    compact = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text)
    if compact:
        text = "-".join(compact.groups())
    return _by("date", calendar.ZH, calendar.EN)(text, lang)


READINGS: Final[Mapping[str, Callable[[str, Language], str]]] = {
    "characters": _characters,
    "spell-out": _characters,
    "digits": _digits,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "fraction": _fraction,
    "telephone": _dictated,
    "date": _date,
    "time": _by("time", clock.ZH, clock.EN),
    "currency": _by("sum of money", money.ZH, money.EN),
    "unit": _by("quantity", measures.ZH, measures.EN),
    "distance": _by("distance", measures.ZH, measures.EN),
    "train": _dictated,
    "flight": _dictated,
    "plate": _dictated,
    "room": _dictated,
    "ticket": _short_code,
    "gate": _short_code,
    "seat": _short_code,
    "floor": _short_code,
    "road": _short_code,
    "exit": _short_code,
}
"""`interpret-as` to its reading; each raises TextError on a text that is nothing of the kind."""


def say_as(kind: str, text: str, lang: Language) -> str:
    """Spoken form of `text` read as a `kind` of `READINGS`. Raises TextError if it cannot be."""
    return READINGS[kind](fold(text), lang)
