"""Shortened English words, the same in any language's sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from edge_agent.text import language
from edge_agent.text.slots.calendar import MONTHS
from edge_agent.text.slots.rule import Rule, rule

_OPENERS: Final = (
    "A|An|The|This|That|These|Those|There|Here|All|Any|Every|No|Not|Next|Now|Then|Please|Passengers?|Customers?|Visitors|Guests|"
    "Staff|You|Your|We|Our|I|It|If|In|On|At|For|From|To|By|Do|Use|Go|Take|Turn|Keep|Call|See|Mind|Stand|Wait|Leave|Doors?|"
    "Have|Is|Are|When|While|After|Before|Thank|Thanks|Attention|Caution|Warning|Boarding|Welcome"
)
"""A capital behind a point that begins a sentence, where another one may be a name: the U.S. We, the U.S. Postal Service."""
_LETTERED: Final = frozenset(
    "gate platform terminal section zone row seat block building hall room floor level line area track wing exit entrance bus "
    "bay dock plan option class grade group type category ward lot counter car coach lane".split()
)
"""The letter behind these is no initial: Hall B. Doors open at nine."""
_WORDS: Final = {
    r"e\.g\.,?": "for example",
    r"i\.e\.,?": "that is",
    r"etc(?:\.(?! [A-Z]|\s*$)|(?=\.))": "et cetera",
    r"vs\.": "versus",
    r"w/o(?= )": "without",
    r"feat\.(?= [A-Z])": "featuring",
    r"pts\b": "points",
    r"AA(?=制)": "A A",
    r"w/ ?(?=[A-Za-z])": "with ",
    r"c/o(?= )": "care of",
    r"wk(?=(?:day|end)s?\b)": "week",
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
    "Expwy": "Expressway", "Expy": "Expressway", "Fwy": "Freeway", "Tpke": "Turnpike", "Ctr": "Center", "Hts": "Heights",
    "Jct": "Junction", "Inc": "Incorporated", "Corp": "Corporation", "Ltd": "Limited",
}  # fmt: skip
_END: Final = r" [A-Z]|\s*$"
"""After these a point ends the sentence too, and stays."""
_BEFORE_NAMES: Final = {
    "Ms": "Ms", "Sgt": "Sergeant", "Lt": "Lieutenant", "Capt": "Captain", "Maj": "Major", "Col": "Colonel", "Gen": "General",
    "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Rev": "Reverend", "Hon": "Honorable", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
_BEFORE_WORDS: Final = {
    "approx": "approximately", "max": "maximum", "min": "minimum", "avg": "average", "temp": "temperature", "incl": "including",
    "excl": "excluding", "bldg": "building", "dept": "department", "appt": "appointment", "mgr": "manager",
}  # fmt: skip
_BEFORE_FIGURES: Final = {"p": "page", "pp": "pages", "pg": "page", "ext": "extension", "rm": "room", "vol": "volume",
                          "fig": "figure", "tel": "telephone", "pt": "point", "lvl": "level", "qty": "quantity",
                          "est": "estimated", "cat": "category", "dep": "departing", "arr": "arriving",
                          "op": "opus", "ep": "episode"}  # fmt: skip
_AFTER_NAMES: Final = {"Pl": "Place", "Ct": "Court", "Sq": "Square", "Cir": "Circle", "Trl": "Trail", "Cres": "Crescent"}
_DAYS: Final = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
                "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
_DAYS_ZH: Final = dict(zip("Mon Tue Wed Thu Fri Sat Sun".split(), "周一 周二 周三 周四 周五 周六 周日".split(), strict=True))
_AROUND: Final = 40
_MONTHS: Final = {**{name[:3]: name for name in MONTHS}, "Sept": "September"}
_DIRECTIONS: Final = {"N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
                      "SW": "Southwest"}  # fmt: skip
_DIRECTION: Final = "|".join(sorted(_DIRECTIONS, key=len, reverse=True))
_STREET: Final = "Street|Avenue|Boulevard|Road|Drive|Lane|Highway|Parkway"
_ZONES: Final = "[ECMP][SD]?T|GMT|UTC|CET|CEST|BST|JST"
_DAY: Final = "|".join(sorted(_DAYS, key=len, reverse=True))
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12,
                 "XIII": 13, "XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21}  # fmt: skip
_NUMERAL: Final = "|".join(sorted((numeral for numeral in _ROMAN if len(numeral) > 1), key=len, reverse=True))


_RULERS: Final = (
    "Louis|Henry|Charles|Edward|George|James|William|Richard|Philip|Frederick|Elizabeth|Catherine|Napoleon|Nicholas|Alexander|Ivan|Peter|"
    "John Paul|Pius|Benedict|Leo|Ramses|Gustav|Leopold|Rama"
)
_PARTS: Final = {"vol": "volume", "ch": "chapter", "chap": "chapter", "pt": "part", "sec": "section", "art": "article"}
_NUMBERED: Final = "type|phase|stage|class|level|grade|part|volume|chapter|section|article|category|group|act|schedule|tier"


def _half_of_day(match: re.Match[str]) -> str:
    half = match[1] + match[2]
    is_time = match.string[: match.start()].rstrip()[-1:].isdecimal()
    return half if is_time else half.upper()


def _in_chinese(match: re.Match[str]) -> bool:
    """Whether the words around a day are Chinese."""
    around = match.string[max(0, match.start() - _AROUND) : match.end() + _AROUND]
    return language.of(around, "en") == "zh"


def _day(match: re.Match[str]) -> str:
    day = match[1] or match[2]
    return _DAYS_ZH[day[:3]] if _in_chinese(match) else _DAYS[day]


def _days(match: re.Match[str]) -> str:
    if _in_chinese(match):
        return f"{_DAYS_ZH[match[1][:3]]}到{_DAYS_ZH[match[2][:3]]}"
    return f"{_DAYS[match[1]]} to {_DAYS[match[2]]}"


def _initial(match: re.Match[str]) -> str:
    is_half_of_day = match[2] == "M" and match[1] in ("A ", "P ")
    return match[0] if is_half_of_day or match[1].strip().lower() in _LETTERED else f"{match[1]}{match[2]} "


def _in_full(words: Mapping[str, str], following: str) -> Rule:
    """The `words` as written or with a capital, with a point, before `following`; none is a unit of figures before it."""

    def read(match: re.Match[str]) -> str:
        word = words[match[1].lower()]
        return word.capitalize() if match[1][0].isupper() else word

    return rule(rf"(?<![A-Za-z\d])(?<!\d )((?i:{'|'.join(words)}))\.{following}", read)


def _ordinal_suffix(number: int) -> str:
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


RULES: Final[tuple[Rule, ...]] = (
    rule(rf"(?<![A-Za-z])([AaPp])\.([Mm])\b(?:\.(?! (?!(?:{_ZONES}|{_DAY}|{_MONTH})(?![A-Z]))[A-Z]|\s*$))?", _half_of_day),
    *(rule(rf"(?<![A-Za-z]){pattern}", word) for pattern, word in _WORDS.items()),
    rule(rf"(?<![A-Za-z])({'|'.join(_LAST_WORDS)})\b(?:\.(?!{_END}))?", lambda m: _LAST_WORDS[m[1]]),
    rule(rf"(?<![A-Za-z])({'|'.join(_BEFORE_NAMES)})\. (?=[A-Z])", lambda m: f"{_BEFORE_NAMES[m[1]]} "),
    rule(r"\b([Ee])st\. ?(?=(?:1[89]|20)\d\d\b)", r"\1stablished in "),
    rule(r"\bca?\. ?(?=\d{3,4}\b)", "circa "),
    rule(r"\bPt\. ?(?=\d)", "Part "),
    rule(
        rf"\b({'|'.join((*_PARTS, *map(str.capitalize, _PARTS)))})\. ({_NUMERAL}|[VX]|I(?=[,.;:)]|$))(?![\w'])",
        lambda m: f"{_PARTS[m[1]] if m[1].islower() else _PARTS[m[1].lower()].capitalize()} {_ROMAN[m[2]]}",
    ),
    rule(
        rf"(?i:\b({_NUMBERED})s? )({_NUMERAL}|I(?=[,.;:)]|$| (?:and|or)\b)|(?<=ter )[VX]|(?<=ume )[VX]|(?<=ct )[VX])"
        rf"(?![A-Za-z\d']|-(?!{_NUMERAL}))",
        lambda m: f"{m[0].removesuffix(m[2])}{_ROMAN[m[2]]}",
    ),
    rule(rf"(?<=[a-z] \d)(,? (?:and|or) | to |\s?[-–]\s?)({_NUMERAL})\b", lambda m: f"{m[1]}{_ROMAN[m[2]]}"),
    rule(r"(?<=\bWorld War )I\b", "1"),
    rule(r"\bWW(II?)\b", lambda m: f"World War {_ROMAN[m[1]]}"),
    rule(r"(?<=\d[ -])(hrs?|mins?|ft|lbs?|yrs?|wks?|secs?|ct)\. (?=[\d$])", r"\1 "),
    rule(r"\b([Ee])xt\. ?(?=\d)", r"\1xtension "),
    rule(r"\b([Ff])lt\.? ?(?=[A-Z\d])", r"\1light "),
    rule(r"\bM\s?[-–—]\s?F\b(?=,? (?:\d|from|only))", "Monday to Friday"),
    rule(rf"\b({_DAY})(?=/(?:{_DAY})\b| (?:&|and|or) (?:{_DAY})\b)|(?:(?<=/)|(?<=& )|(?<=day and )|(?<=day or ))({_DAY})\b(?!\.)", _day),
    rule(r"\bb/[tw](?= (?:\d|floors|gates|stations|stops|exits))", "between"),
    rule(r"\b([Pp])ls\.?(?= [a-z])", r"\1lease"),
    rule(r"\b([Cc])onf\.? (?=[Rr](?:oo)?m\b)", r"\1onference "),
    rule(r"\b([Rr])m(s?)\.? ?(?=[A-Z]?\d)", r"\1oom\2 "),
    rule(rf"(?<=\d )(sq|cu|fl)\.? ?(ft|mi|in|yd|oz|m)\b(?:\.(?!{_END}))?", r"\1 \2"),
    rule(rf"(?<=\d(?:st|nd|rd|th)) [Ff]l\b(?:\.(?!{_END}))?", " floor"),
    rule(r"(?<![A-Za-z])Dr\. (?=[A-Z]\. ?[A-Z])", "Doctor "),
    rule(r"\brev\. ?(?=[A-Z\d]\b)", "revision "),
    _in_full(_BEFORE_WORDS, r"(?= [a-z\d])"),
    _in_full(_BEFORE_FIGURES, r"(?= ?[A-Z]?-?\d)"),
    rule(rf"(?<=[A-Za-z] )Co(?:\.(?!{_END})|(?=\.(?:{_END})))", "Company"),
    rule(rf"\b((?:[A-Z]\.)+[A-Z])\.(?= (?!(?:{_OPENERS})\b)[A-Za-z\d(]|[,;:!?)])", r"\1"),
    rule(r"\b([A-Z])\. ([A-Z])\. (?=[A-Z][a-z])", r"\1 \2 "),
    rule(
        r"(^|[,:] |\b(?:for|by|with|mister|missus) |\b[A-Z][A-Za-z'-]* )([A-Z])\. "
        rf"(?=(?!(?:{_OPENERS})\b)[A-Z](?:[a-z]|\. [A-Z]))",
        _initial,
    ),
    rule(r"(?<![A-Za-z])(MR|MRS|DR)\.? (?=[A-Z]{2})", lambda m: {"MR": "MISTER ", "MRS": "MISSUS ", "DR": "DOCTOR "}[m[1]]),
    rule(r"\b((?:I|[A-Z]{2}|Interstate|Highway|Route)[- ]?\d+) ([NSEW])\b", lambda m: f"{m[1]} {_DIRECTIONS[m[2]]}"),
    rule(rf"\b([Ww]inds? (?:from (?:the )?|out of the |is |are )?)({_DIRECTION})\b", lambda m: f"{m[1]}{_DIRECTIONS[m[2]].lower()}"),
    rule(r"(?<![A-Za-z])Dr\.? (?=[A-Z][a-z])", "Doctor "),
    rule(rf"(?<=[a-z]) Dr\b(?:\.(?!{_END}))?", " Drive"),
    rule(rf"((?:[A-Z][a-z]+|\d(?:st|nd|rd|th)) )St\b(?!\. [A-Z][a-z]+'s)(?:\.(?!{_END}))?", r"\1Street"),
    rule(r"(?<=\d )St\b(?!\.)", "Street"),
    rule(r"(?<![A-Za-z])St\b\.? (?=[A-Z])", "Saint "),
    rule(
        rf"((?:[A-Z][a-z]+|\d(?:st|nd|rd|th)) )({'|'.join(_AFTER_NAMES)})\b(?:\.(?!{_END}))?",
        lambda m: m[1] + _AFTER_NAMES[m[2]],
    ),
    rule(
        rf"\b([Hh]ead|[Gg]o|[Cc]ontinue|[Tt]ravel|[Dd]rive|[Pp]roceed|[Mm]oving) ({_DIRECTION})\b"
        r"(?= (?:on|onto|along|toward|for|past|at)\b)",
        lambda m: f"{m[1]} {_DIRECTIONS[m[2]].lower()}",
    ),
    rule(rf"\b({_STREET}) (NE|NW|SE|SW)\b", lambda m: f"{m[1]} {_DIRECTIONS[m[2]]}"),
    rule(rf"\b({_DIRECTION})\b\.? (?=(?!(?:{_STREET})\b)[A-Z][a-z]+ (?:{_STREET})\b)", lambda m: f"{_DIRECTIONS[m[1]]} "),
    rule(r"(?<=[\u4e00-\u9fff])\s?[Nn][Oo]\. ?(\d+[A-Z]?)(?![\d.A-Za-z])号?", r"\1号"),
    rule(r"(?<![A-Za-z])[Nn][Oo]\. ?(\d+)(?=[\u4e00-\u9fff])号?", r"\1号"),
    rule(rf"(?<=第)({_NUMERAL}|[IVX])(?=[\u4e00-\u9fff])", lambda m: str(_ROMAN[m[1]])),
    rule(r"(?<![A-Za-z\d-])([A-Z])\s?[-–—~]\s?([A-Z])(?=[区岛座栋厅排组口段级])", r"\1到\2"),
    rule(r"(?<![A-Za-z])[Nn]o\. ?(?=\d)", "number "),
    rule(r"(?<=[A-Za-z] )[Nn]o\.(?= is\b|:)", "number"),
    rule(r"(?<![A-Za-z])NO\. ?(?=\d)", "NUMBER "),
    rule(r"(?<![A-Za-z])[Nn]os\. ?(?=[A-Z]{0,3}\d)", "numbers "),
    rule(rf"\b({_DAY})\b\.?\s?[-–—]\s?({_DAY})\b\.?", _days),
    rule(rf"\b({_DAY})\b(?:\.|(?=,? ?\d|, ?(?:{_MONTH})))", lambda m: _DAYS[m[1]]),
    rule(rf"\b({_MONTH})\b\.? ?(?=\d)", lambda m: f"{_MONTHS[m[1]]} "),
    rule(rf"\b(in|since|until|last|next|early|late) ({_MONTH})\b(?:\.(?!{_END}))?", lambda m: f"{m[1]} {_MONTHS[m[2]]}"),
    rule(rf"(?<=\d )({_MONTH})\b\.?(?=,? ?(?:19|20)\d\d)", lambda m: _MONTHS[m[1]]),
    rule(rf"(?<![\d.:])(\d{{1,2}}(?:st|nd|rd|th)?) ({_MONTH})\b(?:\.(?!{_END}))?", lambda m: f"{m[1]} {_MONTHS[m[2]]}"),
    rule(rf"\b({_DIRECTION})\b\.? (?=\d+(?:st|nd|rd|th)\b)", lambda m: f"{_DIRECTIONS[m[1]]} "),
    rule(
        rf"\b((?:King|Queen|Pope|Emperor|Prince) [A-Z][a-z]+|{_RULERS}) ({_NUMERAL})\b",
        lambda m: f"{m[1]} the {_ordinal_suffix(_ROMAN[m[2]])}",
    ),
    rule(rf"\b([A-Z][a-z]+) ({_NUMERAL})\b(?!-?\d)", lambda m: f"{m[1]} {_ROMAN[m[2]]}"),
)
"""Their output may still hold figures: these run before the slots."""
