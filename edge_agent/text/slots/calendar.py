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


_NUMERIC_SPAN: Final = (
    _NUMERIC.removesuffix(r"(?![\d/.-]\d|\d)")
    + r"\s?(?:-|–|—|~|至|到){1,2}\s?(?P<last_month>0?[1-9]|1[0-2])(?P=sep)(?P<last_day>0?[1-9]|[12]\d|3[01])(?![\d/.-]\d|\d)"
)
_MONTH_FIRST: Final = rf"(?<![\d/.-])(?P<month>0?[1-9]|1[0-2])/(?P<day>0?[1-9]|[12]\d|3[01])/{_YEAR}(?![\d/])"
"""What could be read either way is read month first in both languages, as 5/1 without a year is."""
_DAY_FIRST: Final = rf"(?<![\d/.-])(?P<day>1[3-9]|2\d|3[01])/(?P<month>0?[1-9]|1[0-2])/{_YEAR}(?![\d/])"
"""The first figure can be no month."""
_DATE_WITH_YEAR: Final = r"\d{1,2}/\d{1,2}/(?:19|20)\d\d"
_SHORT_DATE: Final = r"(?P<month>0?[1-9]|1[0-2])/(?P<day>[12]\d|3[01]|0?[1-9])(?![\d/])"


_DATED_ZH: Final = (
    r"\s?[（(]?(?:周|星期)[一二三四五六日天]|放假|国庆|元旦|春节|大促|开业|开学|开工|复工|截止|到期|当天|当日|上午|下午|早上|晚上|凌晨|"
    r"(?:妇女|劳动|儿童|教师|青年|植树|护士|圣诞|购物)节|\s\d{1,2}:\d\d"
)
"""Behind a date written with a slash."""
_DAY: Final = r"(?:[12]\d|3[01]|0?[1-9])"
_AND: Final = rf",? (?:and|or) (?={_DAY}(?:st|nd|rd|th)?\s*(?:[.,;!?]|$))"
_DAYS: Final = rf"(?P<day>{_DAY})(?:st|nd|rd|th)?(?P<to>\s?[-–—~]\s?| to | through |{_AND})(?P<last>{_DAY})(?:st|nd|rd|th)?"
_NO_TIME: Final = r"(?![\d:%]|\.\d| ?[ap]\.?m\b| o'clock)"
_OR_YEAR: Final = r"(?:1[6-9]|20)\d\d"
_UNITS: Final = r" ?(?:[°%]|(?:rpm|mph|km|kg|kW|W|V|m|mm|ft|lb|psi|ppm|g|ml|mL|people|[a-z]+s)\b)"
"""Behind a number that is a quantity and no year."""


_MONTH_OF_YEAR: Final = r"(?<![\d./-])(0?[1-9]|1[0-2])/(20[2-4]\d)(?![\d/.-]*\d)"
_SHORT_SPAN: Final = (
    _SHORT_DATE.removesuffix(r"(?![\d/])")
    + r"\s?(?:-|–|—|~|至|到){1,2}\s?(?P<last_month>0?[1-9]|1[0-2])/(?P<last_day>[12]\d|3[01]|0?[1-9])(?![\d/]|[.-]\d)"
)


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


def _numeric_span_zh(match: re.Match[str]) -> str:
    return f"{_numeric_zh(match)}到{date_zh(None, match['last_month'], match['last_day'])}"


def _short_span_zh(match: re.Match[str]) -> str:
    return f"{_slash_zh(match)}到{date_zh(None, match['last_month'], match['last_day'])}"


def _short_span_en(match: re.Match[str]) -> str:
    first = date_en(None, int(match["month"]), match["day"])
    return f"{first} to {date_en(None, int(match['last_month']), match['last_day'])}"


def _month_day_zh(match: re.Match[str]) -> str:
    return date_zh(None, match[1], None) + (numbers_zh.cardinal(str(int(match[2]))) if match[2] else "")


def _slash_zh(match: re.Match[str]) -> str:
    return date_zh(None, match["month"], match["day"])


def _no_fraction_zh(match: re.Match[str]) -> str:
    return _slash_zh(match) if int(match["month"]) > int(match["day"]) else match[0]


def _numeric_en(match: re.Match[str]) -> str:
    return date_en(match["year"], int(match["month"]), match["day"])


def _named_en(match: re.Match[str]) -> str:
    return date_en(match["year"], MONTHS.index(match["month"]) + 1, match["day"])


def _day_of_month_en(match: re.Match[str]) -> str:
    year = f", {numbers_en.year(match['year'])}" if match["year"] else ""
    return f"{match['the']}{numbers_en.ordinal(str(int(match['day'])))} of {match['month']}{year}"


def _days_en(match: re.Match[str]) -> str:
    first = date_en(None, MONTHS.index(match["month"]) + 1, match["day"])
    between = match["to"] if any(map(str.isalpha, match["to"])) else " to "
    year = f", {numbers_en.year(match['year'])}" if match["year"] else ""
    return f"{first}{between}{numbers_en.ordinal(str(int(match['last'])))}{year}"


def _years_en(match: re.Match[str]) -> str:
    spoken = re.sub(r"\s?[-–]\s?", " to ", match[2])
    return match[1] + re.sub(_OR_YEAR, lambda year: numbers_en.year(year[0]), spoken)


def _circa_en(match: re.Match[str]) -> str:
    return f"circa {numbers_en.year(match[1])}" + (f" to {numbers_en.year(match[2])}" if match[2] else "")


def _span_of_years_en(match: re.Match[str]) -> str:
    if match[1] < match[2]:
        return f"{numbers_en.year(match[1])} to {numbers_en.year(match[2])}"
    return match[0]


def _season_en(match: re.Match[str]) -> str:
    if int(match[3]) != int(match[1]) % 100 + 1 and (match[2] == "/" or int(match[3]) <= int(match[1]) % 100):
        return match[0]
    return f"{numbers_en.year(match[1])} to {numbers_en.pair(int(match[3]))}"


def _short_en(match: re.Match[str]) -> str:
    return f"{match[1]} {date_en(None, int(match['month']), match['day'])}"


def _month_year_en(match: re.Match[str]) -> str:
    return f"{match['month']}{match[2]}{numbers_en.year(match['year'])}"


_NO_MEASURE: Final = (
    r"(?![ -](?:of an?|mi|ft|lbs?|oz|gal|inch(?:es)?|(?:foot|feet|mile|hour|cup|pound|ounce|gallon|quart|pint|teaspoon|tablespoon|turn|"
    r"lit(?:er|re)|met(?:er|re))s?)\b)"
)
"""After 1/2 mile is no day of January."""

ZH: Final[tuple[Rule, ...]] = (
    rule(r"(?<=\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z?", r" \1"),
    rule(rf"(?<![\d.]){_NUMERIC_SPAN}", _numeric_span_zh),
    rule(rf"(?<![A-Za-z\d.]){_NUMERIC}", _numeric_zh),
    rule(rf"(?<=/)((?:19|20)\d\d)\s?[-–—~]\s?(?={_DATE_WITH_YEAR})", r"\1到"),
    rule(_MONTH_FIRST, _numeric_zh),
    rule(_DAY_FIRST, _numeric_zh),
    rule(
        r"(?<![\d.])((?:19|20|21)\d\d)\s?[-–—~]\s?((?:19|20|21)\d\d)(?=\s?(?:学年|年|赛季|财年))",
        lambda m: f"{numbers_zh.digits(m[1])}到{numbers_zh.digits(m[2])}",
    ),
    rule(r"(?<![\d.])((?:1[5-9]|20|21)\d\d)(?=\s?年(?![级以多之]))", lambda m: numbers_zh.digits(m[1])),
    rule(
        r"(?<![\d.])(20\d\d)(?=新年|春节|元旦|跨年|年度|[春夏秋冬]季|世界杯|奥运|春运|峰会|国庆|中秋|圣诞|中考|高考)",
        lambda m: numbers_zh.digits(m[1]),
    ),
    rule(r"'(\d\d)(?=[届级年])", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<![\d.:])([5-9][05]|0[05])(?=后(?:[、，。的们和与及一员青宝都也]|$))", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<!\d)((?:1[5-9]|20|21)\d\d)(?=[届级款])", lambda m: numbers_zh.digits(m[1])),
    rule(r"(?<![\d.])(0?[1-9]|1[0-2])\s?月(?:\s?(0?[1-9]|[12]\d|3[01])(?=\s?[日号]))?", _month_day_zh),
    rule(r"(?<![\d./-])(20[2-9]\d)[-/](0[1-9]|1[0-2])(?![\d/.-]*\d)", lambda m: date_zh(m[1], m[2], None)),
    rule(r"(?<=[至期自于到])((?:19|20)\d\d)\.(0[1-9]|1[0-2])(?![\d/.-]*\d|[元%])", lambda m: date_zh(m[1], m[2], None)),
    rule(_MONTH_OF_YEAR, lambda m: date_zh(m[2], m[1], None)),
    rule(rf"(?<![\d/.-]){_SHORT_SPAN}", _short_span_zh),
    rule(rf"(?<=[（(]){_SHORT_DATE}(?=[）)])", _slash_zh),
    rule(rf"(?<![\d/.第]){_SHORT_DATE}(?={_DATED_ZH})", _slash_zh),
    rule(rf"(?<![\d/.第]){_SHORT_DATE}(?=之?前(?![进方面端])|[起止至])", _no_fraction_zh),
    rule(rf"(?<=截[止至]){_SHORT_DATE}(?!\.\d|[的人])", _slash_zh),
    rule(r"(?<![\d/.第])(?P<month>0?[1-9]|1[0-2])/(?P<day>1[3-9]|2\d|3[01])(?![\d/.]|号)", _slash_zh),
    rule(r"(?<![\d.])618(?=大促|购物|年中|活动|狂欢|促销)", "六幺八"),
)

EN: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d/.,-])9/11(?![\d/]|[.,]\d|-| inch)", "nine eleven"),
    rule(r"(?<=\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z?", r" at \1"),
    rule(rf"(?<=/)((?:19|20)\d\d)\s?[-–—~]\s?(?={_DATE_WITH_YEAR})", r"\1 to "),
    rule(r"(?<=[-/]\d\d)\s?[–—~]\s?(?=(?:19|20)\d\d[-/]\d\d[-/]\d\d)|(?<=[-/]\d\d) - (?=(?:19|20)\d\d[-/]\d\d[-/]\d\d)", " to "),
    rule(rf"(?<![\d.]){_NUMERIC}", _numeric_en),
    rule(_MONTH_FIRST, _numeric_en),
    rule(_DAY_FIRST, _numeric_en),
    rule(r"(?<![\d./-])(20[2-9]\d)[-/](0[1-9]|1[0-2])(?![\d/.-]*\d)", lambda m: f"{MONTHS[int(m[2]) - 1]} {numbers_en.year(m[1])}"),
    rule(_MONTH_OF_YEAR, lambda m: f"{MONTHS[int(m[1]) - 1]} {numbers_en.year(m[2])}"),
    rule(rf"(?<![\d/.-]){_SHORT_SPAN}", _short_span_en),
    rule(
        r"(?i)\b((?:mon|tues|wednes|thurs|fri|satur|sun)day,?|on|by|ends|until|from|since|after|before|through|thru|starting|"
        rf"begins|starts|sale|due|expires) {_SHORT_DATE}{_NO_MEASURE}",
        _short_en,
    ),
    rule(
        r"(?<![\d/.,-])(?P<month>0?[2-9]|1[0-2])/(?P<day>1[3-57-9]|2[1-9]|3[01])(?=[.,;:!?)]|$| (?:at|from|only)\b)(?![.,]\d)",
        lambda m: date_en(None, int(m["month"]), m["day"]),
    ),
    rule(r"\bcirca (1[1-9]\d\d)(?:\s?[-–]\s?(1[1-9]\d\d))?(?!\d)", _circa_en),
    rule(
        r"(?<![\d.])(\d{3,4})(?:\s?[-–]\s?| to )(\d{3,4})(?= ?(?:B\.?C|BCE)\b)",
        lambda m: f"{numbers_en.year(m[1])} to {numbers_en.year(m[2])}",
    ),
    rule(rf"\b{_MONTH} {_DAYS}(?:,? {_YEAR})?{_NO_TIME}", _days_en),
    rule(rf"(?<![\d.:/-]){_DAYS} (?:of )?{_MONTH}(?:,? {_YEAR})?(?![\d:])", _days_en),
    rule(rf"\b(?P<the>[Tt]he )(?P<day>{_DAY})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR})?(?![\d:])", _day_of_month_en),
    rule(rf"\b{_MONTH} (?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?:,? {_YEAR})?(?![\d:]|\.\d)", _named_en),
    rule(rf"\b(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR})?(?![\d:])", _named_en),
    rule(rf"\b{_MONTH}(,? (?:of )?){_YEAR}(?!\d)", _month_year_en),
    rule(r"(?<!\d)((?:1[89]|20)\d0)'?s\b", lambda m: numbers_en.decade(m[1])),
    rule(r"(?:(?<=[Tt]he )|(?<=[Mm]id-)|'|(?<=early )|(?<=late ))([2-9]0)'?s\b", lambda m: numbers_en.decade(m[1])),
    rule(r"\bFY ?((?:19|20)\d\d)\b", lambda m: f"F Y {numbers_en.year(m[1])}"),
    rule(
        r"(?i)\b(in |since |year |until |till |from |between |of |before |after |season |summer |winter |spring |autumn |class of |circa |"
        r"©\s?)"
        rf"({_OR_YEAR}(?:(?:,? and |,? or |, | to |\s?[-–]\s?){_OR_YEAR})*)\b(?![,.]?\d| ?(?:[-–]|to|and) ?\d|{_UNITS})",
        _years_en,
    ),
    rule(rf"(?<![\d.,/$€£¥-])((?:19|20)\d\d)\s?[-–]\s?((?:19|20)\d\d)(?![\d/-]|[.,]\d|{_UNITS})", _span_of_years_en),
    rule(rf"(?<![\d.,/$€£¥-])((?:19|20)\d\d)([-–/])(1[3-9]|[2-9]\d)(?![\d/-]|[.,:]\d|{_UNITS})", _season_en),
)
