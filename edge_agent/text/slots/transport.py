"""Trains, flights, seats, licence plates and road numbers."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import NOT_IN_CODE, Rule, rule

AIRLINES: Final = frozenset(
    "CA MU CZ HU MF ZH 3U 9C HO SC FM KN GS JD PN 8L TV EU NS QW DR KY GJ UQ BK JR RY GX FU LT AQ DZ GT 9H CX KA HX UO "
    "NX CI BR IT JX NH JL MM BC 6J KE OZ 7C LJ TW ZE SQ TR MI MH AK OD TG FD SL VZ PG VN VJ QH PR 5J GA JT QZ AI 6E SG "
    "UL PK BG KB RA BI EK EY QR SV GF WY KU RJ ME LY TK PC SU HY KC BA VS BY LS FR EI AF KL HV LH EW DE OS LX WK SN LO "
    "RO JU OU AY SK DY FI BT TP IB VY UX AZ MS ET KQ SA AT TU AA UA DL WN AS NK HA AC WS AM VB AV LA AD AR JJ QF VA JQ "
    "NZ FJ".split()
)
"""IATA codes of carriers; a code followed by three or four figures is a flight wherever it stands."""

_TRAIN: Final = "[GDCZTKYLS]"
_NUMBERED: Final = "seat|row|gate|platform|track|exit|stand|runway|bay|dock|lane|stop|room|ward|unit|section"
"""Places numbered with a letter behind, which is no unit: track 14W."""
_LETTERED: Final = r"\d{1,2}(?:[A-Z]|[a-fjk])(?![A-Za-z\d])"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_AIRLINE: Final = rf"{NOT_IN_CODE}(?P<airline>[A-Z]{{2}}|\d[A-Z]|[A-Z]\d)[ -]?"
_FLIGHT: Final = rf"{_AIRLINE}(?P<number>\d{{3,4}})(?![A-Za-z\d]|[-.]\d)"
_NAMED_FLIGHT: Final = rf"{_AIRLINE}(?P<number>\d{{2,4}})(?![A-Za-z\d]|[-.]\d)"


def _codes_zh(match: re.Match[str]) -> str:
    return numbers_zh.digits(match[0].replace("/", "、"), one="幺")


def _flight_zh(match: re.Match[str]) -> str:
    return f"{' '.join(numbers_zh.digits(match['airline'], one='幺'))}{numbers_zh.digits(match['number'], one='幺')}"


def _flights_zh(match: re.Match[str]) -> str:
    return _flight_zh(match).replace("/", "、")


def _known_flight_zh(match: re.Match[str]) -> str:
    return _flight_zh(match) if match["airline"] in AIRLINES else match[0]


def _flight_en(match: re.Match[str]) -> str:
    return numbers_en.digits(match["airline"] + match["number"])


def _known_flight_en(match: re.Match[str]) -> str:
    return _flight_en(match) if match["airline"] in AIRLINES else match[0]


def _lettered_en(match: re.Match[str]) -> str:
    places = re.sub(r"(?<=[A-Za-z])\s?[-–]\s?(?=\d)", " to ", match[2])
    return match[1] + re.sub(r"(\d+)([A-Za-z])", lambda place: f"{numbers_en.cardinal(place[1])} {place[2].upper()}", places)


def _plate_zh(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} {numbers_zh.digits(match[3], one='幺')}"


def _stake_zh(match: re.Match[str]) -> str:
    return f"K{numbers_zh.cardinal(match[1])}加{numbers_zh.cardinal(match[2])}"


def _aircraft_zh(match: re.Match[str]) -> str:
    variant = f"杠{numbers_zh.cardinal(match[3])}" if match[3] else ""
    return match[1] + numbers_zh.digits(match[2]) + variant


def _short_zh(match: re.Match[str]) -> str:
    return numbers_zh.cardinal(match[1]) + match[2]


def _spelled_en(match: re.Match[str]) -> str:
    return match[1] + numbers_en.digits(match[2])


_PLATE: Final = rule(rf"([{_PROVINCES}])([A-Z])\s?[·.・]?\s?((?=[A-Z]{{0,5}}\d)[A-Z\d]{{4,6}})(?![A-Za-z\d])", _plate_zh)
_COUNTED_EN: Final = r" (?!(?:is|was|has|departs|arrives|leaves|boards|nonstop)\b)[a-z]+s\b"
"""United 500 workers are no flight."""
_CARRIERS: Final = (
    "Delta|United|American|Southwest|JetBlue|Alaska|Emirates|Lufthansa|Qantas|Ryanair|Air China|Air France|Air Canada|British Airways|"
    "Cathay Pacific|China Eastern|China Southern|Hainan Airlines|Singapore Airlines|Amtrak|Acela|Eurostar"
)

ZH: Final[tuple[Rule, ...]] = (
    rule(
        r"(?<![A-Za-z\d.-])(?!\d+F\s?[-–—~]\s?\d+F)(\d{1,2})([A-HJKL])\s?[-–—~]\s?(?=\d{1,2}[A-HJKL](?![A-Za-z\d]))",
        lambda m: f"{_short_zh(m)}到",
    ),
    _PLATE,
    rule(rf"{NOT_IN_CODE}{_TRAIN}\d{{1,4}}(?:[/、]{_TRAIN}?\d{{1,4}})*(?=次(?!航班)|列车|动车|高铁)", _codes_zh),
    rule(rf"{_AIRLINE}(?P<number>\d{{3,4}}(?:/\d{{2,4}})+)(?=\s*(?:次|航班))", _flights_zh),
    rule(rf"{_NAMED_FLIGHT}(?=\s*(?:次|航班))", _flight_zh),
    rule(rf"(?<=航班){_NAMED_FLIGHT}", _flight_zh),
    rule(rf"{_FLIGHT}(?!号)", _known_flight_zh),
    rule(rf"(?<=车次){_TRAIN}\d{{1,4}}(?!\d)", _codes_zh),
    rule(r"(?<![A-Za-z\d第])\d{4}(?=次(?:列车|旅客|旅游|公益|慢|快|特快|直达|普快|临客|动车))", _codes_zh),
    rule(r"((?:波音|空客)[A-Z]?)(\d{3})(?:-(\d{1,3}))?(?!\d)", _aircraft_zh),
    rule(rf"{NOT_IN_CODE}[GSXYK]\d{{3,4}}(?=[\u4e00-\u9fff]{{0,8}}(?:高速|出口|国道|省道|县道|乡道|公路))", _codes_zh),
    rule(r"(?<![A-Za-z\d.])\d{3}(?=国道|省道|县道|乡道|路(?:公交|车|电车|巴士|夜班|正常|改道|绕行|停运|停驶|恢复|[末首]班))", _codes_zh),
    rule(rf"{NOT_IN_CODE}K(\d{{1,4}})\+(\d{{1,3}})(?!\d)", _stake_zh),
    rule(rf"{NOT_IN_CODE}(\d{{1,2}})([A-HJKL])(?=\s*(?:座|席|号座|靠窗|靠走道))", _short_zh),
    rule(r"(?:(?<=座位)|(?<=座位[号是在为])|(?<=\d[车排])|(?<=\d车厢))(\d{1,2})([A-HJKL])(?![A-Za-z\d])", _short_zh),
)

EN: Final[tuple[Rule, ...]] = (
    _PLATE,
    rule(
        r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?= (?:trains|lines|buses)\b)",
        lambda m: f"{numbers_en.cardinal(m[1])} and {numbers_en.cardinal(m[2])}",
    ),
    rule(rf"\b((?:{_CARRIERS}) )(\d{{3,4}})\b(?! ?[%.,]?\d|{_COUNTED_EN})", _spelled_en),
    rule(rf"((?i:\b(?:{_NUMBERED})s? ))({_LETTERED}(?:(?:, |,? and |,? or | to |\s?[-–]\s?){_LETTERED})*)", _lettered_en),
    rule(rf"(?<=[Ff]light ){_NAMED_FLIGHT}", _flight_en),
    rule(_FLIGHT, _known_flight_en),
    rule(r"(?i)\b(flight )(\d{2,4})\b", _spelled_en),
    rule(r"(?i)\b(trains? (?:number |no\. ?)?)([A-Z]?\d{1,4})\b", _spelled_en),
    rule(r"(?i)\b(boeing |airbus )(A?\d{3})\b", _spelled_en),
    rule(r"(?i)\b((?:license |licence |number )?plate (?:number )?)([A-Z\d]{1,4}[ -]?[A-Z\d]{2,5})\b", _spelled_en),
)
