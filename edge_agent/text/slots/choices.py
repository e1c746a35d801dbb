"""Several values of one unit: a 12/24V supply, 每15/30分钟. A slash that is neither a date nor a fraction."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.counting import fraction_zh
from edge_agent.text.slots.progress import is_fraction
from edge_agent.text.slots.rule import BEFORE_NOUN, NUMBER, Rule, rule
from edge_agent.text.slots.units import UNIT, names

_RATED: Final = frozenset(
    "V VDC VAC mV kV W kW KW kVA mA Hz kHz MHz GHz dB rpm r/min bpm Mbps Gbps psi bar ms s sec secs min mins h hr hrs".split()
)
"""Of these a device or a timetable has one value or another; their parts are halves, quarters and the like."""
_STORED: Final = frozenset(("Wh", "kWh", "MWh", "Ah", "mAh"))
"""Of these so much out of so much."""
_COMMON_PARTS: Final = frozenset(("2", "3", "4", "8", "16", "32"))


def _is_part(above: str, below: str, *, is_rated: bool) -> bool:
    if not (above.isdecimal() and below.isdecimal() and is_fraction(above, below)):
        return False
    return not is_rated or above == "1" or below in _COMMON_PARTS


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _zh(match: re.Match[str]) -> str:
    above, below, unit = match["above"], match["below"], match["unit"]
    name = names(unit)[0]
    is_rated = unit in _RATED
    if _is_part(above, below, is_rated=is_rated):
        return fraction_zh(above, below) + name
    return f"{numbers_zh.cardinal(above)}{'或' if is_rated else '、'}{numbers_zh.cardinal(below, two='两')}{name}"


def _named_zh(match: re.Match[str]) -> str:
    above, below = match["above"], match["below"]
    if match["whole"] is None and _is_part(above, below, is_rated=True):
        return match[0]
    return f"{numbers_zh.cardinal(above)}或{numbers_zh.cardinal(below, two='两')}"


def _en(match: re.Match[str]) -> str:
    above, below, unit = match["above"], match["below"], match["unit"]
    if _is_part(above, below, is_rated=unit in _RATED) or unit == "mmHg":
        return match[0]
    between = "of" if unit in _STORED and _value(above) < _value(below) else "or"
    name = names(unit)[1 if match["noun"] is not None else 2]
    return f"{numbers_en.cardinal(above)} {between} {numbers_en.cardinal(below)} {name}"


def _places_en(match: re.Match[str]) -> str:
    return f"{match[1]}{numbers_en.cardinal(match[3])} {'and' if match[2] else 'slash'} {numbers_en.cardinal(match[4])}"


_ABOVE: Final = rf"(?<![\d/.,A-Za-z$£€¥])(?<!\d[ -])(?P<above>{NUMBER})\s?/\s?"
_PAIR: Final = rf"{_ABOVE}(?P<below>{NUMBER})"
_NAMED_ZH: Final = "伏|安培?(?![全静装检])|千?瓦|[千兆吉]?赫兹?|分钟|个?小时|秒|天|个月"
_WHOLE_ZH: Final = "岁|元|块钱|折"
"""Of these there are no parts."""
_PLACES_EN: Final = "gate|platform|track|exit|zone|row|bay|dock|door|window|counter|lane|level|aisle|carousel"

ZH: Final[tuple[Rule, ...]] = (
    rule(rf"{_PAIR}\s?{UNIT}", _zh),
    rule(rf"{_PAIR}(?=\s?(?:{_NAMED_ZH}|(?P<whole>{_WHOLE_ZH})))", _named_zh),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?i)\b((?:{_PLACES_EN})(s?) )(\d{{1,3}})/(\d{{1,3}})(?![\d/]|[.,]\d)", _places_en),
    rule(rf"{_PAIR}[ -]?{UNIT}(?P<noun>{BEFORE_NOUN})?", _en),
)
