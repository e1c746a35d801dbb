"""Fractions, ratios, ranges, ordinals, things counted, and every number left over."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.progress import is_fraction, out_of_en, out_of_zh
from edge_agent.text.slots.rule import NUMBER, Rule, rule

COUNTED_ZH: Final = (
    "个|位|名(?!列)|人(?!民)|张|条|只|件|台|辆|架|艘|本|杯|瓶|盒|袋|包|箱|斤|公斤|千克|克|吨|升|毫升|米|公里|千米|厘米|毫米|里路|元|块|毛|角|分|秒|"
    "小时|天|周|年(?!级|代)|次|遍|场|趟|站(?!台)|桌|队|倍|种|类|步|圈|根|颗|粒|片|支|把|双|对|套|份|封|口|间|家|顿|点|万|亿|千|英里|海里|英尺|码|"
    "平方|立方|伏|安|瓦|千瓦|毫克|束|头|匹|幅|首|句|页|门|盘|碗|壶|筐|篮|排车|刻钟|节课|股|群|批|车道"
)
_SERIES_ZH: Final = "号|楼|层|道|车厢|窗口|站台|检票口|登机口|柜台|路(?![程口面段])|组|班|线"
_FRACTIONS_EN: Final = {"2": ("half", "halves"), "4": ("quarter", "quarters")}


def fraction_zh(above: str, below: str) -> str:
    """`2`, `3` -> 三分之二."""
    return f"{numbers_zh.cardinal(below)}分之{numbers_zh.cardinal(above)}"


def fraction_en(above: str, below: str) -> str:
    """`3`, `4` -> three quarters."""
    one, many = _FRACTIONS_EN.get(below) or (numbers_en.ordinal(below), numbers_en.ordinal(below) + "s")
    return f"{numbers_en.cardinal(above)} {one if above == '1' else many}"


def _mixed_zh(match: re.Match[str]) -> str:
    whole, above, below = match.groups()
    return f"{numbers_zh.cardinal(whole)}又{fraction_zh(above, below)}" if 0 < int(above) < int(below) else match[0]


def _slash_zh(match: re.Match[str]) -> str:
    above, below = (number.replace(",", "") for number in match.groups())
    if is_fraction(above, below):
        return fraction_zh(above, below)
    if 0 < int(above) < int(below):
        return out_of_zh(above, below)
    return f"{numbers_zh.cardinal(above)}、{numbers_zh.cardinal(below)}"


def _series_zh(match: re.Match[str]) -> str:
    return "、".join(map(numbers_zh.cardinal, match[1].split("/")))


def _slash_en(match: re.Match[str]) -> str:
    above, below = (number.replace(",", "") for number in match.groups())
    if is_fraction(above, below):
        return fraction_en(above, below)
    if 0 < int(above) < int(below):
        return out_of_en(above, below)
    between = " " if above == below else " slash "
    return f"{numbers_en.cardinal(above)}{between}{numbers_en.cardinal(below)}"


def _rated_en(match: re.Match[str]) -> str:
    between = "out of" if float(match[1]) <= float(match[2]) else "slash"
    return f"{numbers_en.cardinal(match[1])} {between} {numbers_en.cardinal(match[2].removesuffix('.0'))}"


def mixed_en(whole: str, above: str, below: str) -> str:
    """`2`, `1`, `2` -> two and a half."""
    fraction = fraction_en(above, below)
    return f"{numbers_en.cardinal(whole)} and {'a' + fraction.removeprefix('one') if above == '1' else fraction}"


def _mixed_en(match: re.Match[str]) -> str:
    return mixed_en(*match.groups()) if 0 < int(match[2]) < int(match[3]) else match[0]


def _part_of_en(match: re.Match[str]) -> str:
    return f"{fraction_en(*match.groups())} of a " if is_fraction(*match.groups()) else match[0]


def _fraction_of_kind_en(match: re.Match[str]) -> str:
    one = (_FRACTIONS_EN.get(match[2]) or (numbers_en.ordinal(match[2]),))[0]
    return f"{one} " if match[1] == "1" else f"{numbers_en.cardinal(match[1])} {one} "


def _code_en(match: re.Match[str]) -> str:
    first, last = match.groups()
    is_range = first[0] != "0" != last[0] and int(first) < int(last)
    return match[0] if is_range else f"{numbers_en.digits(first)}, {numbers_en.digits(last)}"


def _ordinal_en(match: re.Match[str]) -> str:
    return numbers_en.ordinal(match[1].replace(",", ""))


def _range_zh(match: re.Match[str]) -> str:
    two = "两" if match["counted"] is not None else "二"
    return f"{numbers_zh.cardinal(match[1], two=two)}到{numbers_zh.cardinal(match[2], two=two)}"


def cardinal_zh(match: re.Match[str]) -> str:
    """Any number left; a long bare one is a code."""
    number = match[0]
    if len(number) > 8 and number.isdecimal() and not number.endswith("000"):
        return numbers_zh.digits(number, one="幺")
    return numbers_zh.cardinal(number)


def cardinal_en(match: re.Match[str]) -> str:
    """Any number left; a long bare one is a code."""
    number = match[0]
    if len(number) > 8 and number.isdecimal() and not number.endswith("000"):
        return numbers_en.digits(number)
    return numbers_en.cardinal(number)


_ORDINAL_EN: Final = r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)(?![A-Za-z])"
_MIXED: Final = r"(?<![\d/.,])(\d{1,4})[ -](\d{1,2})/(\d{1,2})(?![\d/]|\.\d)"
_LONE: Final = r"(?<![\d.,A-Za-z])"
_NEGATIVE: Final = (
    r"(?<![\dA-Za-z\u4e00-\u9fff%)])[-−](?=\d)|(?<=[为是达至到约低降值额比度益差音移幅])[-−](?=\d)"
    r"|(?<=[\u4e00-\u9fff])[-−](?=0\.\d)"
)
_COUNT: Final = r"(\d{1,3}(?:,\d{3})+|\d{1,5})"
_SLASHED: Final = rf"(?<![\d/.]){_COUNT}/{_COUNT}(?![\d/]|\.\d)"

ZH: Final[tuple[Rule, ...]] = (
    rule(_ORDINAL_EN, _ordinal_en),
    rule(_MIXED, _mixed_zh),
    rule(rf"(?<![\d/])(\d{{1,3}}(?:/\d{{1,3}})+)(?=\s?(?:{_SERIES_ZH}))", _series_zh),
    rule(_SLASHED, _slash_zh),
    rule(r"(?<![\d:])(\d+):(\d+)(?![\d:])", lambda m: f"{numbers_zh.cardinal(m[1])}比{numbers_zh.cardinal(m[2])}"),
    rule(rf"{_LONE}({NUMBER})\s?(?:-|–|—|~){{1,2}}\s?({NUMBER})(?P<counted>(?=\s?(?:{COUNTED_ZH})))?(?![\d-])", _range_zh),
    rule(r"(?<=[周拜期][一二三四五六日天])\s?(?:-|–|—|~){1,2}\s?(?=周|星期|礼拜|[一二三四五六日天])", "到"),
    rule(
        r"(?:(?<=[\d日号点分秒年月元])|(?<=[\d零一二三四五六七八九十百氏年]度))\s?(?:-|–|—|~){1,2}\s?"
        r"(?=[\d零一二三四五六七八九十两]|[次翌]日|凌晨|[早晚]上|[上下中]午)",
        "到",
    ),
    rule(r"(?<=[楼层])\s?[-–—~]\s?(?=[负B]?[\d一二三四五六七八九十]{1,3}[楼层])", "到"),
    rule(rf"({NUMBER})\s?[×xX*]\s?(?=\d)", lambda m: f"{numbers_zh.cardinal(m[1])}乘"),
    rule(r"(?<=[\u4e00-\u9fff])\s?[×*]\s?(?=\d)", "乘"),
    rule(rf"(?<=\d秒)\d\d(?![\d.:%]|\s?(?:{COUNTED_ZH}))", lambda m: numbers_zh.digits(m[0])),
    rule(rf"{_LONE}(\d+0)\+(?=\s?(?:{COUNTED_ZH}|款|项|岁))", lambda m: f"{numbers_zh.cardinal(m[1])}多"),
    rule(r"(?<=\d)\+(?=[\s，。！？；、：]|$)", "加"),
    rule(rf"{_LONE}(?<!第)2(?=\s?(?:{COUNTED_ZH}))(?![.,]?\d)", "两"),
    rule(rf"{_LONE}(?<!第)(\d{{1,3}}(?:,\d{{3}})+|\d+)(?=\s?(?:{COUNTED_ZH}))", lambda m: numbers_zh.cardinal(m[1])),
    rule(_NEGATIVE, "负"),
    rule(NUMBER, cardinal_zh),
)

EN: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d/.])1/2[ -](?=price\b)", "half "),
    rule(r"(?<![\d/.])1/2 (?=an? (?:hour|mile|cup|dozen|pound|day)\b)", "half "),
    rule(r"(?<![\d/.])1/2 (?=(?:mile|cup|dozen|pound|day)\b)", "half a "),
    rule(r"(?<![\d/.])1/2 (?=hour\b)", "half an "),
    rule(r"(?<![\d/.-])([13])/4 (?=hour\b)", lambda m: f"{fraction_en(m[1], '4')} of an "),
    rule(r"(?<![\d/.])(\d+\.\d+)\s?/\s?(\d+(?:\.\d+)?)(?![\d/]|\.\d)", _rated_en),
    rule(r"(?<![\d/.])(\d{1,2})/(\d{1,2}) (?=(?:mile|cup|pound|day|teaspoon|tablespoon|gallon|quart|pint|lit(?:er|re))\b)", _part_of_en),
    rule(r"(?<![\d/.,-])(\d{1,2})/(\d{1,2})-(?=[a-z])", _fraction_of_kind_en),
    rule(_MIXED, _mixed_en),
    rule(_SLASHED, _slash_en),
    rule(r"(?<![\d:])(\d+):(\d+)(?![\d:])", lambda m: f"{numbers_en.cardinal(m[1])} to {numbers_en.cardinal(m[2])}"),
    rule(_ORDINAL_EN, _ordinal_en),
    rule(rf"{_LONE}(\d{{3,}})-(\d{{3,}})(?![\d-]|[.,]\d)", _code_en),
    rule(rf"{_LONE}(\d{{5,}})-(\d{{1,2}})(?![\d-]|[.,]\d)", _code_en),
    rule(rf"{_LONE}(\d{{1,3}})-(\d{{1,3}})-(\d{{1,3}})(?![\d-]|[.,]\d)", lambda m: " ".join(map(numbers_en.cardinal, m.groups()))),
    rule(r"(?<=\d)\+(?=[\s.,;:!?)]|$)", " plus"),
    rule(rf"{_LONE}({NUMBER})\s?(?:-|–|—|~)\s?(?={NUMBER})", lambda m: f"{numbers_en.cardinal(m[1])} to "),
    rule(r"(?<=[a-z])-(?=\d)", " "),
    rule(rf"{_LONE}({NUMBER})-(?=[A-Za-z])", lambda m: f"{numbers_en.cardinal(m[1])} "),
    rule(r"(?<![\dA-Za-z)])[-−](?=\d)", "minus "),
    rule(rf"(?<=[A-Za-z])(?={NUMBER})|(?<=\d)(?=[A-Za-z])", " "),
    rule(NUMBER, cardinal_en),
)
