"""Quantities with a unit, temperatures, percentages and discounts."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.counting import fraction_en, mixed_en
from edge_agent.text.slots.rule import BEFORE_NOUN, NOT_IN_CODE, NUMBER, TO, Rule, rule
from edge_agent.text.slots.units import UNIT, names

_MINUS: Final = r"(?:(?<![\dA-Za-z%℃)])[-−]\s?)"
_SIGNED: Final = rf"{_MINUS}?{NUMBER}"
_DEGREES: Final = {"C": ("摄氏度", "degrees Celsius"), "F": ("华氏度", "degrees Fahrenheit")}


def signed_zh(number: str, minus: str = "负", *, two: str = "二") -> str:
    """A number with its sign; `minus` is 零下 for temperatures."""
    value = number.lstrip("-− ")
    return (minus if value != number else "") + numbers_zh.cardinal(value, two=two)


def signed_en(number: str) -> str:
    """A number with its sign."""
    value = number.lstrip("-− ")
    return ("minus " if value != number else "") + numbers_en.cardinal(value)


def percent_zh(number: str) -> str:
    """`3.5` -> 百分之三点五."""
    if number == "100":
        return "百分之百"
    value = number.lstrip("-− ")
    return ("负" if value != number else "") + f"百分之{numbers_zh.cardinal(value)}"


def quantity_zh(number: str, unit: str) -> str:
    """`1.5`, `km` -> 一点五公里; `800`, `ppm` -> 百万分之八百."""
    name = names(unit)[0]
    return name + signed_zh(number) if name.endswith("分之") else signed_zh(number, two="两") + name


def quantity_en(number: str, unit: str) -> str:
    """`1.5`, `km` -> one point five kilometers."""
    return f"{signed_en(number)} {names(unit)[1 if number == '1' else 2]}"


def _kind_en(match: re.Match[str]) -> str:
    return f"{match[1]}{signed_en(match[2])} {names(match['unit'])[1]}"


def _fraction_en(match: re.Match[str]) -> str:
    whole, above, below = match[1], match[2], match[3]
    one, many = names(match["unit"])[1:]
    if not 0 < int(above) < int(below):
        return match[0]
    if whole:
        return f"{mixed_en(whole, above, below)} {many}"
    article = "an" if one[0] in "aeiou" or one == "hour" else "a"
    return f"half {article} {one}" if (above, below) == ("1", "2") else f"{fraction_en(above, below)} of {article} {one}"


def _fraction_of_kind_en(match: re.Match[str]) -> str:
    fraction = {"1/2": "half", "1/4": "quarter", "3/4": "three quarter", "1/3": "third"}[match[1]]
    return f"{fraction} {names(match['unit'])[1]}"


def _lone_en(match: re.Match[str]) -> str:
    return match[1] + names(match["unit"])[1]


def _pressure_en(match: re.Match[str]) -> str:
    unit = " millimeters of mercury" if match[0].endswith("g") else ""
    return f"{numbers_en.cardinal(match['high'])} over {numbers_en.cardinal(match['low'])}{unit}"


def _to(match: re.Match[str]) -> str:
    return "至" if "至" in match["to"] else "到"


def _temperatures_zh(match: re.Match[str]) -> str:
    return f"{signed_zh(match[1], '零下')}{_to(match)}{signed_zh(match[3], '零下')}{_DEGREES[match[4]][0]}"


_PRESSURE: Final = r"(?P<high>\d{2,3})/(?P<low>\d{2,3})(?!\d|/)"

_OIL: Final = r"(?<![A-Za-z\d.])(\d{1,2})W-?(\d{2})(?![A-Za-z\d])"
_THREAD: Final = r"(?<![A-Za-z\d])M(\d{1,2})\s?[x×](?=\d)"
_MADE_OF: Final = (
    r"(?= (?:delays?|detours?|walk|drive|ride|wait|break|radius|zone|lengths?|ladders?|cables?|chargers?|motors?|engines?|hoses?|pipes?|"
    r"bags?|bottles?|cans?|jars?|packs?|packets?|tubs?|drums?|rolls?|sacks?|trucks?|tanks?|bolts?|screws?|sockets?|wrench|hex|drill|clamshells?|service|bus|supply|capsules?|caps|tablets?|pills?|doses?|vials?|"
    r"(?:speed )?limits?|winds?|gusts?)\b)"
)
"""What an amount says the kind of without an article before it: 25 min delay, 2 L bottles."""
_POINT: Final = r"(?:(?<=oz|lb|ft|hr|qt|yd)\.|(?<=min|sec|gal)\.)?"
_SHORT: Final = r"(?:(?:(?<=min|sec|hrs|lbs|gal)|(?<=mins|secs)|(?<=ft|hr|lb|oz|yr|wk|mo|mi|ct))\.(?! ?$| [A-Z]))?"
"""The point of a shortened unit, which ends no sentence."""
_UNNAMED: Final = UNIT.replace("?P<unit>", "?:")
_OF_MONEY: Final = r"(?:cents|pence|dollars?|euros?|pounds?|yuan)"
_ALONE: Final = r"(?P<unit>hr|lb|oz|gal|mi|min|sec|yd|ft|kg|km|qt|kWh)\b(?:\.(?! [A-Z]| ?$))?"
_COINS_ZH: Final = "美元|欧元|英镑|日元|港元|港币|韩元|澳元|加元|人民币"
_THOUSANDS: Final = {"K": "thousand", "M": "million"}
_SHORT_WORDS: Final = {"ppl": "people"} | {unit: names(unit)[2] for unit in ("yrs", "hrs", "mins", "secs", "wks", "lbs")}
_PERIODS: Final = {"mo": "per month", "yr": "per year", "wk": "per week", "ea": "each"}

_SIGN_BEFORE: Final = r"(?<![A-Za-z\d)+])\+(?=\d)"

ZH: Final[tuple[Rule, ...]] = (
    rule(_SIGN_BEFORE, "加"),
    rule(r"(?<=\d)[Ww](?=元|人|件|公里|单|\+)", "万"),
    rule(_OIL, lambda m: f"{numbers_zh.cardinal(m[1])}W{numbers_zh.cardinal(m[2])}"),
    rule(_THREAD, lambda m: f"M{numbers_zh.cardinal(m[1])}乘"),
    rule(
        rf"(?<![\d.])({NUMBER})%?\s?(?P<to>-|–|—|~|至|到)\s?({NUMBER})%",
        lambda m: f"百分之{numbers_zh.cardinal(m[1])}{_to(m)}百分之{numbers_zh.cardinal(m[3])}",
    ),
    rule(rf"({_SIGNED})\s?%", lambda m: percent_zh(m[1])),
    rule(rf"({_SIGNED})\s?‰", lambda m: f"千分之{numbers_zh.cardinal(m[1].lstrip('-− '))}"),
    rule(
        rf"({_SIGNED})\s?(?P<to>-|–|—|~|至|到)\s?({_SIGNED})\s?°\s?([CF])(?![A-Za-z])",
        _temperatures_zh,
    ),
    rule(rf"({_SIGNED})\s?°\s?([CF])(?![A-Za-z])", lambda m: signed_zh(m[1], "零下") + _DEGREES[m[2]][0]),
    rule(rf"(?<!\d度)({_MINUS}{NUMBER})(?=\s?(?:摄氏度|华氏度|度))", lambda m: signed_zh(m[1], "零下")),
    rule(rf"({_SIGNED})\s?°", lambda m: signed_zh(m[1], "零下") + "度"),
    rule(r"(?<![\d.])(\d)\.?(\d)折", lambda m: f"{numbers_zh.digits(m[1] + m[2])}折" if m[2] != "0" else f"{numbers_zh.digits(m[1])}折"),
    rule(rf"(?<=元)/(?={NUMBER})", "每"),
    rule(rf"(?<=\d)(\s?(?:mc?|k)?g)/(?={NUMBER}\s?m?L)", r"\1每"),
    rule(
        rf"{NOT_IN_CODE}({NUMBER})\s?[xX*×]\s?(?={NUMBER}(?:\s?[xX*×]\s?{NUMBER})*\s?(?:毫米|厘米|米|英寸|像素|mm|cm|m)(?![A-Za-z]))",
        lambda m: f"{numbers_zh.cardinal(m[1])}乘",
    ),
    rule(
        rf"({_SIGNED})\s?(?P<to>-|–|—|~|至|到)\s?({NUMBER})\s?{UNIT}",
        lambda m: f"{signed_zh(m[1], two='两')}{_to(m)}{quantity_zh(m[3], m['unit'])}",
    ),
    rule(r"(?<![A-Za-z\d.])(\d+)h(?=\d+min)", lambda m: quantity_zh(m[1], "h")),
    rule(rf"{NOT_IN_CODE}({_SIGNED})\s?{UNIT}", lambda m: quantity_zh(m[1], m["unit"])),
    rule(rf"(?<=[元角分秒钟度次转件个台只箱步拍人克升米方])/{UNIT}", lambda m: f"每{names(m['unit'])[0]}"),
    rule(rf"(?<=\d)/{UNIT}", lambda m: f"每{names(m['unit'])[0]}"),
    rule(r"(?<=公里|千米|英里)/(?:小时|时|h)", "每小时"),
    rule(rf"({_COINS_ZH})/(?={_COINS_ZH})", r"\1兑"),
    rule(
        r"(?<=[元块角分米克升次转镑])/(?=[半小分秒天日周月年件斤公千平立个份碗杯位次张瓶盒袋包克升支只条节课晚间夜度户台辆车房桌床吨两]|人(?!民))",
        "每",
    ),
    rule(r"(?<=\d)([份人张件个瓶盒包袋箱次台辆本支粒片颗只位桶])/(?=[天日周月年次户桌间台车组班床盒包箱袋瓶位家单套]|人(?!民))", r"\1每"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(_SIGN_BEFORE, "plus "),
    rule(r"(?<=\d)[x×](?=/(?:day|week|wk|month|hr)\b)", " times"),
    rule(r"(?<![A-Za-z\d.$])(\d+(?:\.\d)?)([KM])\+(?= )", lambda m: f"{numbers_en.cardinal(m[1])} {_THOUSANDS[m[2]]} plus"),
    rule(_OIL, lambda m: f"{numbers_en.cardinal(m[1])} W {numbers_en.cardinal(m[2])}"),
    rule(_THREAD, lambda m: f"M {numbers_en.cardinal(m[1])} by "),
    rule(
        r"(?<![A-Za-z\d.,$£€¥])(\d{1,3})[kK] (?=(?:miles?|mi|km|people|units|parts|steps|hours|hrs|rpm|users|visitors|points)\b)",
        r"\g<1>000 ",
    ),
    rule(rf"(?<![\d.])({NUMBER})[ -]?ct\.?(?= (?:diamond|gold|sapphire|ruby|emerald)s?\b)", lambda m: f"{numbers_en.cardinal(m[1])} carat"),
    rule(rf"(?<![\d.])({NUMBER})%?{TO}({NUMBER})\s?%", lambda m: f"{numbers_en.cardinal(m[1])} to {numbers_en.cardinal(m[2])} percent"),
    rule(rf"({_SIGNED})\s?%", lambda m: f"{signed_en(m[1])} percent"),
    rule(
        rf"({_SIGNED})\s?(?:-|–|—|~|to)\s?({_SIGNED})\s?°\s?([CF])(?![A-Za-z])",
        lambda m: f"{signed_en(m[1])} to {signed_en(m[2])} {_DEGREES[m[3]][1]}",
    ),
    rule(rf"({_SIGNED})\s?°\s?([CF])(?![A-Za-z])", lambda m: f"{signed_en(m[1])} {_DEGREES[m[2]][1]}"),
    rule(rf"({_SIGNED})\s?°", lambda m: f"{signed_en(m[1])} degrees"),
    rule(rf"(?<![\d.,])({NUMBER})\s?[x×] (?=[a-z]{{2}})", lambda m: f"{numbers_en.cardinal(m[1])} times "),
    rule(r"(?<![\d/.])(?P<high>\d{2,3})/(?P<low>\d{2,3})\s?mmHg", _pressure_en),
    rule(rf"(?:(?<=[Pp]ressure )|(?<=[Pp]ressure is )|(?<=\bBP )|(?<=\bBP is )){_PRESSURE}", _pressure_en),
    rule(
        r"(?<![\d.])(\d+) ?h(?:rs?)? ?0?(\d{1,2}) ?m(?![A-Za-z²³/])",
        lambda m: f"{quantity_en(m[1], 'h')} {quantity_en(m[2], 'min')}",
    ),
    rule(rf"(?<![\d.])({NUMBER})\s?[x×]\s?(?={NUMBER}(?:\s?[x×]|\s?[a-z]))", lambda m: f"{numbers_en.cardinal(m[1])} by "),
    rule(
        rf"({_SIGNED})\s?(?:-|–|—|~|to)\s?({NUMBER})\s?{UNIT}{_SHORT}(?P<noun>{_MADE_OF})?",
        lambda m: f"{signed_en(m[1])} to {signed_en(m[2])} {names(m['unit'])[1 if m['noun'] is not None else 2]}",
    ),
    rule(rf"(?<=\d)( ?(?:mc?|k)?g)/(?={NUMBER} ?m?L\b)", r"\g<1> per "),
    rule(rf"(?<=[a-z])/(?={NUMBER} ?(?:hrs?|hours?|h|mins?|minutes|days?|wks?|weeks?|mos?|months)\b)", " per "),
    rule(r"(?<![\d.,])((?:8[5-9]|9\d|10[0-8])\d) ?mb\b", r"\1 mbar"),
    rule(rf"(?<=\d)( ?{UNIT})/(?={NUMBER} ?{_UNNAMED})", r"\g<1>, "),
    rule(r"(?<![\d./])1/4\s?mi(?:le)?(?![a-z])", "a quarter mile"),
    rule(r"(?<![\d./])1/2\s?mi(?:le)?(?![a-z])", "half a mile"),
    rule(r"(?<![\d./])3/4\s?mi(?:le)?(?![a-z])", "three quarters of a mile"),
    rule(rf"(?<![\d/.,-])(1/2|1/4|3/4|1/3) (?P<unit>lb|oz|gal){BEFORE_NOUN}", _fraction_of_kind_en),
    rule(rf"(?<![\d/.,])(?:(\d{{1,4}})[ -])?(\d{{1,2}})/(\d{{1,2}})[ -]?{UNIT}\b", _fraction_en),
    rule(rf"\b([Aa]n? (?:[a-z]+ )?)({NUMBER})[ -]?{UNIT}{_POINT}{BEFORE_NOUN}", _kind_en),
    rule(rf"{NOT_IN_CODE}(?<![\d./-])()({NUMBER})-{UNIT}{_POINT}{BEFORE_NOUN}", _kind_en),
    rule(rf"{NOT_IN_CODE}(?<![\d./-])()({NUMBER}) ?{UNIT}{_MADE_OF}", _kind_en),
    rule(
        rf"{NOT_IN_CODE}(?<![\d./])({_SIGNED})[ -]?{UNIT}{_SHORT}",
        lambda m: quantity_en(m[1], m["unit"]),
    ),
    rule(rf"(?<=[a-z\d])/{UNIT}(?:\.(?=[,;]| [a-z]))?", lambda m: f" per {names(m['unit'])[1]}"),
    rule(r"(?<![A-Za-z])(?:(?<=[a-z] )|(?<=\d ))(yrs|hrs|mins|secs|wks|lbs|ppl)\b\.?(?= [a-z]|[,;:)]|$)", lambda m: _SHORT_WORDS[m[1]]),
    rule(rf"\b([Pp]er |[Ee]ach |[Ee]very |[Aa]dditional |[Ee]xtra ){_ALONE}", _lone_en),
    rule(rf"({_OF_MONEY} an? ){_ALONE}", _lone_en),
    rule(r"(?<=[a-z])/(mo|yr|wk|ea)\b(?:\.(?! [A-Z]| ?$))?", lambda m: f" {_PERIODS[m[1]]}"),
    rule(r"(?:(?<=dollars)|(?<=dollar)|(?<=cents)|(?<=euros)|(?<=pounds)|(?<=yuan))/(?=[a-z]{3})", " per "),
    rule(
        r"(?<=[a-z])/(?=(?:month|year|week|day|hour|night|person|piece|pair|pack|part|shift|cycle|rev|"
        r"ticket|item|visit|car|vehicle|bag|each)\b)",
        " per ",
    ),
)
