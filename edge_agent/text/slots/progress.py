"""So many out of so many: 1846/2000件, page 3/12. A slash that is neither a date nor a fraction."""

from __future__ import annotations

import re
from math import gcd
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import NUMBER, Rule, rule

_MAX_BELOW: Final = 12
"""Fractions up to twelfths are said as such; 18/24 is a count."""
_PARTS: Final = frozenset(("16", "20", "32", "50", "64", "100", "1000"))
"""And these: bolts come in sixteenths."""


def is_fraction(above: str, below: str) -> bool:
    """Whether a reader would say `above`/`below` as a fraction: 3/4 and 1/30, but not 18/24."""
    part, whole = _value(above), _value(below)
    return 0 < part < whole and gcd(part, whole) == 1 and (part == 1 or whole <= _MAX_BELOW or below in _PARTS)


def _value(number: str) -> int:
    return int(number.replace(",", ""))


def out_of_zh(part: str, whole: str) -> str:
    """`1846`, `2000` -> 一千八百四十六斜杠二千: any word between would say what the second one is, target, room or total."""
    return f"{numbers_zh.cardinal(part)}斜杠{numbers_zh.cardinal(whole)}"


def out_of_en(part: str, whole: str) -> str:
    """`1846`, `2000` -> one thousand eight hundred forty six of two thousand."""
    return f"{numbers_en.cardinal(part)} of {numbers_en.cardinal(whole)}"


def _nth_zh(match: re.Match[str]) -> str:
    part, whole, thing = match[1], match[2], match["thing"]
    if thing in _SIDE_BY_SIDE_ZH and _value(whole) == _value(part) + 1:
        return f"第{numbers_zh.cardinal(part)}、{numbers_zh.cardinal(whole)}{thing}"
    return f"第{numbers_zh.cardinal(part)}{thing}，共{numbers_zh.cardinal(whole, two='两')}{thing}"


def _named_zh(match: re.Match[str]) -> str:
    named = match["named"]
    return f"{named}{numbers_zh.cardinal(match[2])}，共{numbers_zh.cardinal(match[3], two='两')}{_NAMED_ZH[named]}"


def _things_zh(match: re.Match[str]) -> str:
    if _value(match[2]) == _value(match[1]) + 1 <= _MAX_BELOW:
        return f"{numbers_zh.cardinal(match[1], two='两')}、{numbers_zh.cardinal(match[2], two='两')}"
    return out_of_zh(match[1], match[2])


def _labelled_zh(match: re.Match[str]) -> str:
    return match[0] if is_fraction(match[2], match[3]) else f"{match[1]}{numbers_zh.cardinal(match[2])}斜杠{match[3]}"


def _rated_zh(match: re.Match[str]) -> str:
    return f"{match[1]}{numbers_zh.cardinal(match[2])}分，满分{numbers_zh.cardinal(match[3])}分"


def _labelled_en(match: re.Match[str]) -> str:
    return f"{match[1]}{numbers_en.cardinal(match[2])} of {match[3]}"


_WHOLE: Final = r"(\d{1,3}(?:,\d{3})+|\d{1,6})"
_PAIR: Final = rf"(?<![\d/.,A-Za-z])(?<!\d[ -])(?!24/7(?!\d)){_WHOLE}\s?/\s?{_WHOLE}(?![\d/]|[.,]\d)"
_STEPS_ZH: Final = "步|题|关|轮|圈|集|章|节课?|课|局|场"
_SIDE_BY_SIDE_ZH: Final = frozenset(("节", "节课", "课", "章", "场", "局", "集"))
"""Of two in a row both are meant: 第3/4节课."""
_NAMED_ZH: Final = {"步骤": "步", "工序": "道", "阶段": "个阶段", "环节": "个环节", "关卡": "关", "轮次": "轮", "页码": "页"}
_THINGS_ZH: Final = "人(?![份间桌座行房])|位(?!置)|名(?!列)|台|辆|架|艘|件|单(?!元)|箱|托盘|工位|车位|座位|床位|库位|货位"
_LABELS_ZH: Final = "进度|完成|产量|达成|计数|出勤|在岗|到岗|人数|库存|得分|排名|名次|已[检装卸发扫打收]"
_LABELS_EN: Final = (
    "pages?|steps?|slide|part|lesson|question|chapter|batch|box|carton|package|parcel|item|coupon|round|lap|stage|phase|lot|"
    "progress|completed?|done|finished|score|count|output|produced|attendance|present|occupied"
)
_MEASURES_EN: Final = (
    "inches|feet|cups|miles|hours|minutes|seconds|days|weeks|months|years|pounds|ounces|teaspoons|tablespoons|gallons|quarts|pints|"
    "lbs|hrs|mins|secs|gals|qts|yds|kgs|kms|lit(?:er|re)s|met(?:er|re)s|kilomet(?:er|re)s|yards|acres|tons|degrees|turns|dollars|cents|"
    "bolts|screws|nuts|washers|drills|wrenches|sockets|hoses|pipes|fittings"
)
"""Of these there are parts, or their sizes are in parts of an inch."""
_NO_THINGS_EN: Final = "is|was|has|as|us|this|its|his|less|plus|minus|across|always|versus|thus|pass|class|times"

ZH: Final[tuple[Rule, ...]] = (
    rule(rf"((?:评分|评价|打分|得分)[为是:]?\s?)({NUMBER})分?/(5|10|100)(?:\.0)?(?![\d.])分?", _rated_zh),
    rule(rf"第?{_PAIR}(?P<thing>页)", _nth_zh),
    rule(rf"第{_PAIR}\s?(?P<thing>{_STEPS_ZH})", _nth_zh),
    rule(rf"(?P<named>{'|'.join(_NAMED_ZH)})(?::|\s)?{_PAIR}(?!\s?[\d%])", _named_zh),
    rule(rf"((?:{_LABELS_ZH})(?:为|是|:|：|\s){{0,2}}){_PAIR}", _labelled_zh),
    rule(rf"{_PAIR}(?=\s?(?:{_THINGS_ZH}))", _things_zh),
    rule(rf"{_PAIR}(?=\s?(?:空闲|空余|可用|占用|在线|离线|就位))", lambda m: out_of_zh(m[1], m[2])),
)

EN: Final[tuple[Rule, ...]] = (
    rule(rf"(?i)\b((?:{_LABELS_EN})(?: is|:)? ){_PAIR}", _labelled_en),
    rule(
        rf"{_PAIR}(?= ?(?:pcs|people|[a-z]+ people|(?!(?:{_MEASURES_EN}|{_NO_THINGS_EN})\b)[a-z]{{2,}}s)\b)",
        lambda m: f"{numbers_en.cardinal(m[1])} of {m[2]}",
    ),
)
