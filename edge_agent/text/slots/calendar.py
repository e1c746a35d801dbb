"""Dates, years and days of the week."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import Rule, rule

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH: Final = r"(?P<month>" + "|".join(MONTHS) + ")"
_YEAR: Final = r"(?P<year>(?:1[5-9]|20|21)\d\d)"
_NUMERIC: Final = _YEAR + r"(?P<sep>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=sep)(?P<day>0?[1-9]|[12]\d|3[01])(?![\d/.-]\d|\d)"


_SHORT_DATE: Final = r"(?P<month>0?[1-9]|1[0-2])/(?P<day>[12]\d|3[01]|0?[1-9])(?![\d/])"


def date_zh(year: str | None, month: str, day: str | None) -> str:
    """`2026`, `03`, `5` -> 二零二六年三月五日."""
    spoken = f"{numbers_zh.digits(year)}年" if year else ""
    spoken += f"{numbers_zh.cardinal(str(int(month)))}月"
    return spoken + (f"{numbers_zh.cardinal(str(int(day)))}日" if day else "")


def date_en(year: str | None, month: int, day: str | None) -> str:
    """`2026`, 3, `5` -> March fifth, twenty twenty six."""
    spoken = MONTHS[month - 1]
    if day:
        spoken += f" {numbers_en.ordinal(str(int(day)))}"
    return spoken + (f", {numbers_en.year(year)}" if year else "")


def _numeric_zh(match: re.Match[str]) -> str:
    return date_zh(match["year"], match["month"], match["day"])


def _month_day_zh(match: re.Match[str]) -> str:
    return date_zh(None, match[1], None) + (numbers_zh.cardinal(str(int(match[2]))) if match[2] else "")


def _slash_zh(match: re.Match[str]) -> str:
    return date_zh(None, match[1], match[2])


def _numeric_en(match: re.Match[str]) -> str:
    return date_en(match["year"], int(match["month"]), match["day"])


def _named_en(match: re.Match[str]) -> str:
    return date_en(match["year"], MONTHS.index(match["month"]) + 1, match["day"])


def _short_en(match: re.Match[str]) -> str:
    return f"{match[1]} {date_en(None, int(match['month']), match['day'])}"


def _month_year_en(match: re.Match[str]) -> str:
    return f"{match['month']}{match[2]}{numbers_en.year(match['year'])}"


ZH: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![\d.]){_NUMERIC}", _numeric_zh),
    rule(
        r"(?<![\d.])((?:19|20|21)\d\d)\s?[-–—~]\s?((?:19|20|21)\d\d)(?=\s?(?:学年|年|赛季|财年))",
        lambda m: f"{numbers_zh.digits(m[1])}到{numbers_zh.digits(m[2])}",
    ),
    rule(r"(?<![\d.])((?:1[5-9]|20|21)\d\d)(?=\s?年(?![级以多之]))", lambda m: numbers_zh.digits(m[1])),
    rule(r"'(\d\d)(?=[届级年])", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<![\d.])([5-9][05]|0[05])(?=后(?:[、，。的们和与及一员青宝]|$))", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<!\d)((?:1[5-9]|20|21)\d\d)(?=[届级款])", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<![\d.])(0?[1-9]|1[0-2])\s?月(?:\s?(0?[1-9]|[12]\d|3[01])(?=\s?[日号]))?", _month_day_zh),
    rule(r"(?<=[（(])(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])(?=[）)])", _slash_zh),
    rule(r"(?<![\d/.])(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])(?![\d/.]|号)", _slash_zh),
    rule(r"(?<![\d.])618(?=大促|购物|年中|活动|狂欢|促销)", "六幺八"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![\d.]){_NUMERIC}", _numeric_en),
    rule(rf"(?<![\d/])(?P<month>0?[1-9]|1[0-2])/(?P<day>0?[1-9]|[12]\d|3[01])/{_YEAR}(?![\d/])", _numeric_en),
    rule(rf"(?i)\b(on|by|ends|until|from|since|after|before|through|starting|begins|starts) {_SHORT_DATE}", _short_en),
    rule(rf"\b{_MONTH} (?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?:,? {_YEAR})?(?![\d:]|\.\d)", _named_en),
    rule(rf"\b(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR})?(?![\d:])", _named_en),
    rule(rf"\b{_MONTH}(,? (?:of )?){_YEAR}(?!\d)", _month_year_en),
    rule(r"(?<!\d)((?:1[89]|20)\d0)'?s\b", lambda m: numbers_en.decade(m[1])),
    rule(r"(?:(?<=[Tt]he )|(?<=[Mm]id-)|'|(?<=early )|(?<=late ))([2-9]0)'?s\b", lambda m: numbers_en.decade(m[1])),
    rule(r"\bFY ?((?:19|20)\d\d)\b", lambda m: f"F Y {numbers_en.year(m[1])}"),
    rule(
        r"(?i)\b(in |since |year |until |till |from |of |before |after |season |summer |winter |spring |autumn |class of |©\s?)"
        r"((?:1[6-9]|20)\d\d)\b(?![,.]?\d| ?(?:[-–]|to) ?\d| [a-z]+s\b)",
        lambda m: m[1] + numbers_en.year(m[2]),
    ),
)
