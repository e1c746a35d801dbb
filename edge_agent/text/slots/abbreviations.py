"""Shortened English words, the same in any language's sentence."""

from __future__ import annotations

from typing import Final

from edge_agent.text.slots.calendar import MONTHS
from edge_agent.text.slots.rule import Rule, rule

_WORDS: Final = {
    r"e\.g\.,?": "for example",
    r"i\.e\.,?": "that is",
    r"etc(?:\.(?! [A-Z]|\s*$)|(?=\.))": "et cetera",
    r"vs\.": "versus",
    r"approx\.": "approximately",
    r"Apt\.": "Apartment",
    r"Dept\.": "Department",
    r"Mr\b\.?": "mister",
    r"Mrs\b\.?": "missus",
    r"Prof\.": "Professor",
    r"Jr\.": "Junior",
    r"Sr\.": "Senior",
    r"ETC(?=[\u4e00-\u9fff])": "E T C",
    r"SOC(?=[\u4e00-\u9fff])": "S O C",
}
_LAST_WORDS: Final = {
    "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Hwy": "Highway", "Rte": "Route", "Pkwy": "Parkway", "Ln": "Lane",
    "Jct": "Junction",
}  # fmt: skip
_END: Final = r" [A-Z]|\s*$"
"""After these a point ends the sentence too, and stays."""
_DAYS: Final = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
                "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
_MONTHS: Final = {**{name[:3]: name for name in MONTHS}, "Sept": "September"}
_DIRECTIONS: Final = {"N": "North", "S": "South", "E": "East", "W": "West"}
_DAY: Final = "|".join(sorted(_DAYS, key=len, reverse=True))
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ROMAN: Final = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIII": 13, "XIV": 14,
                 "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21}  # fmt: skip
_NUMERAL: Final = "|".join(sorted(_ROMAN, key=len, reverse=True))


def _ordinal_suffix(number: int) -> str:
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


RULES: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![A-Za-z])([AaPp])\.[Mm](?:\.(?!{_END}))?", lambda m: f"{m[1]}m"),
    *(rule(rf"(?<![A-Za-z]){pattern}", word) for pattern, word in _WORDS.items()),
    *(rule(rf"(?<![A-Za-z]){short}\b(?:\.(?!{_END}))?", word) for short, word in _LAST_WORDS.items()),
    rule(r"\b((?:I|US|SR|CA|Highway|Route)[- ]?\d+) ([NSEW])\b", lambda m: f"{m[1]} {_DIRECTIONS[m[2]]}"),
    rule(r"(?<![A-Za-z])Dr\.? (?=[A-Z][a-z])", "Doctor "),
    rule(rf"(?<=[a-z]) Dr\b(?:\.(?!{_END}))?", " Drive"),
    rule(rf"((?:[A-Z][a-z]+|\d(?:st|nd|rd|th)) )St\b(?!\. [A-Z][a-z]+'s)(?:\.(?!{_END}))?", r"\1Street"),
    rule(r"(?<![A-Za-z])St\b\.? (?=[A-Z])", "Saint "),
    rule(r"(?<![A-Za-z])No\. ?(?=\d)", "number "),
    rule(rf"\b({_DAY})\b\.?\s?[-–—]\s?({_DAY})\b\.?", lambda m: f"{_DAYS[m[1]]} to {_DAYS[m[2]]}"),
    rule(rf"\b({_DAY})\b(?:\.|(?=, ?(?:{_MONTH}|\d)))", lambda m: _DAYS[m[1]]),
    rule(rf"\b({_MONTH})\b\.? ?(?=\d)", lambda m: f"{_MONTHS[m[1]]} "),
    rule(rf"(?<=\d )({_MONTH})\b\.?(?=,? ?(?:19|20)\d\d)", lambda m: _MONTHS[m[1]]),
    rule(r"\b([NSEW])\b\.? (?=\d+(?:st|nd|rd|th)\b)", lambda m: f"{_DIRECTIONS[m[1]]} "),
    rule(rf"\b((?:King|Queen|Pope|Emperor|Prince) [A-Z][a-z]+) ({_NUMERAL})\b", lambda m: f"{m[1]} the {_ordinal_suffix(_ROMAN[m[2]])}"),
    rule(rf"\b([A-Z][a-z]+) ({_NUMERAL})\b", lambda m: f"{m[1]} {_ROMAN[m[2]]}"),
)
"""Their output may still hold figures: these run before the slots."""
