"""Feet and inches, and minutes and seconds, by the strokes behind their figures: 5'10", a 55" screen, 2'30"."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.counting import fraction_en, mixed_en
from edge_agent.text.slots.measures import quantity_en, quantity_zh
from edge_agent.text.slots.rule import BEFORE_NOUN, NUMBER, Rule, rule

_SIZES: Final = "deep|wide|tall|long|high|thick|apart|away|clearance|by|x"


def _is_quoting(match: re.Match[str]) -> bool:
    """Whether a quotation that begins before it still goes on; a mark behind a figure ends one or stands for inches."""
    before, is_open = match.string[: match.start()], False
    for mark in re.finditer('"', before):
        is_open = not is_open and not before[: mark.start()][-1:].isdecimal()
    return is_open


def _inch_zh(match: re.Match[str]) -> str:
    return match[0] if _is_quoting(match) else f"{numbers_zh.cardinal(match[1])}英寸"


def _inch_en(match: re.Match[str]) -> str:
    """A quotation mark after a figure stands for inches unless one is open."""
    return match[0] if _is_quoting(match) else f"{numbers_en.cardinal(match[1])} inch"


def _feet_en(match: re.Match[str]) -> str:
    """5' by 8', unless the mark ends a quotation."""
    if re.search(r"(?<!\w)'", match.string[: match.start()]):
        return match[0]
    return f"{numbers_en.cardinal(match[1])} {'foot' if match['noun'] is not None or match[1] == '1' else 'feet'}"


def _span_of_inches_en(match: re.Match[str]) -> str:
    return match[0] if _is_quoting(match) else f"{numbers_en.cardinal(match[1])} to {_inches_en(match[2])}"


def _inches_of_en(match: re.Match[str]) -> str:
    """Behind a figure, with no quotation open: 0.4" of rain, a 3/8" bolt."""
    if _is_quoting(match):
        return match[0]
    whole, above, below = match[1], match[2], match[3]
    if not below:
        return _inches_en(above)
    amount = mixed_en(whole, above, below) if whole else fraction_en(above, below)
    return f"{amount} inch"


def _feet_and_inches_en(match: re.Match[str]) -> str:
    return f"{quantity_en(match[1], 'ft')} {_inches_en(match[2])}"


def _inches_en(number: str) -> str:
    return f"{numbers_en.cardinal(number)} {'inch' if number == '1' else 'inches'}"


ZH: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d.'])(\d{1,2})'([0-5]\d)\"", lambda m: f"{quantity_zh(m[1], 'min').removesuffix('钟')}{quantity_zh(m[2], 's')}"),
    rule(rf"(?<![\d./])({NUMBER})\"(?=[\u4e00-\u9fff，、。]|$)", _inch_zh),
)

EN: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d.])(\d{1,3})\s?'\s?(\d{1,2})\s?(?:\"|”|'')", _feet_and_inches_en),
    rule(r"(?<![\d./])(?:(\d{1,3})[ -])?(\d{1,2})/(\d{1,2})\"(?![A-Za-z\d])", _inches_of_en),
    rule(rf"(?<![\d./])({NUMBER})\s?[-–]\s?({NUMBER})\"(?![A-Za-z\d])", _span_of_inches_en),
    rule(
        rf"(?<![\d./])({NUMBER})'?\s?[-–]\s?({NUMBER})'(?![A-Za-z\d'\"])",
        lambda m: f"{numbers_en.cardinal(m[1])} to {quantity_en(m[2], 'ft')}",
    ),
    rule(rf"(?<![\w./'])({NUMBER})'(?![\w'\"])(?P<noun>{BEFORE_NOUN}(?! (?:{_SIZES})\b))?", _feet_en),
    rule(rf"(?<![\d./])({NUMBER})\"{BEFORE_NOUN}(?! (?:{_SIZES})\b)", _inch_en),
    rule(rf"(?<![\d./])()({NUMBER})()\"(?![A-Za-z\d])", _inches_of_en),
    rule(
        rf"(?<![\d./])({NUMBER})\s?in(?:\.(?=[,;)]| [a-z])|\.(?=\s*$)|(?= of (?:rain|snow|ice|water)))",
        lambda m: f"{m[1]} {'inch' if m[1] == '1' else 'inches'}",
    ),
)
