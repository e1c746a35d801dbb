"""Times of day."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.text import numbers_en, numbers_zh
from edge_agent.text.slots.rule import Rule, rule

_TIME: Final = r"(?<![\d:.])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])"
_HALF: Final = r"\s?(?P<half>[AaPp])\.?\s?[Mm]\b"
_DASH: Final = r"\s?(?:-|–|—|~){1,2}\s?"


def time_zh(hour: str, minute: str, second: str | None = None) -> str:
    """`14`, `05` -> 十四点零五分."""
    spoken = f"{numbers_zh.cardinal(str(int(hour)), two='两')}点"
    seconds = int(second or 0)
    if int(minute) or seconds:
        spoken += f"{numbers_zh.cardinal(minute)}分"
    return spoken + (f"{numbers_zh.cardinal(str(second))}秒" if seconds else "")


def time_en(hour: str, minute: str, second: str | None = None, half: str | None = None) -> str:
    """`2`, `05`, half `p` -> two oh five P M; without a half the 24-hour clock."""
    hours = int(hour)
    spoken = numbers_en.pair(hours)
    seconds = int(second or 0)
    if int(minute) or seconds:
        tens = "oh " if minute[0] == "0" and minute != "00" else ""
        spoken += f" {tens}{numbers_en.pair(int(minute))}"
        spoken += f" {numbers_en.pair(seconds)}" if seconds else ""
    elif not half:
        spoken += " o'clock" if 1 <= hours <= 12 else " hundred"
    return f"{spoken} {half.upper()} M" if half else spoken


def _half_of_day_zh(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    afternoon = match["half"].lower() == "p"
    name = ("晚上" if 7 <= hour < 12 else "下午" if hour != 12 else "中午") if afternoon else "上午" if hour > 5 else "凌晨"
    return name + time_zh(str(hour), match["minute"] or "00")


def _time_zh(match: re.Match[str]) -> str:
    return time_zh(match["hour"], match["minute"], match["second"])


def _time_en(match: re.Match[str]) -> str:
    return time_en(match["hour"], match["minute"], match["second"])


def _scores_zh(match: re.Match[str]) -> str:
    return re.sub(r"(\d+)[-–:](\d+)", lambda m: f"{numbers_zh.cardinal(m[1])}比{numbers_zh.cardinal(m[2])}", match[0])


def _lasts_zh(match: re.Match[str]) -> str:
    """Minutes and seconds, or what has hours before them; 用时2:15 may be either."""
    if match["label"] in ("用时", "耗时") and not match["hour"]:
        return match[0]
    if not match["hour"]:
        return f"{match['label']}{match['is']}{_timed_zh(match)}"
    hours = time_zh(match["hour"], match["minute"], match["second"]).replace("点", "小时", 1)
    return f"{match['label']}{match['is']}{hours}{numbers_zh.digits(match['part'] or '')}"


def _timed_zh(match: re.Match[str]) -> str:
    """`1`, `32`, `456` -> 一分三十二秒四五六."""
    minutes = f"{numbers_zh.cardinal(str(int(match['minute'])), two='两')}分" if int(match["minute"]) else ""
    if minutes and not int(match["second"]) and not match["part"]:
        return f"{minutes}钟"
    return f"{minutes}{numbers_zh.cardinal(match['second'], two='两')}秒{numbers_zh.digits(match['part'] or '')}"


def _timed_en(match: re.Match[str]) -> str:
    second = ("oh " if match["second"][0] == "0" else "") + numbers_en.pair(int(match["second"]))
    return f"{numbers_en.pair(int(match['minute']))} {second} point {numbers_en.digits(match['part'])}"


def _hours_en(match: re.Match[str]) -> str:
    hours = numbers_en.pair(int(match["hour"]))
    minutes = time_en(match["hour"], match["minute"]).removeprefix(hours) if int(match["minute"]) else " hundred"
    return f"{hours}{minutes} hours"


def _four_figures_en(match: re.Match[str]) -> str:
    """At 1530, at 0930: read in pairs, as is a number of that size that is no time."""
    hours = ("oh " if match[2][0] == "0" else "") + numbers_en.pair(int(match[2]))
    past = "hundred" if match[3] == "00" else ("oh " if match[3][0] == "0" else "") + numbers_en.pair(int(match[3]))
    return f"{match[1]}{hours} {past}{' hours' if match['unit'] else ''}"


def _half_en(match: re.Match[str]) -> str:
    return time_en(match["hour"], match["minute"] or "00", None, match["half"])


def _range_en(match: re.Match[str]) -> str:
    last = time_en(match["hour"], match["minute"] or "00", None, match["half"])
    if match["own"]:
        return f"{time_en(match['from'], match['past'] or '00', None, match['own'])} to {last}"
    first = numbers_en.pair(int(match["from"]))
    if match["past"] and int(match["past"]):
        first = time_en(match["from"], match["past"])
    return f"{first} to {last}"


def _span_en(match: re.Match[str]) -> str:
    return f"{time_en(match['hour'], match['minute'])} to {time_en(match['to'], match['past'])}"


_RATIO_ZH: Final = r"(?<![\d:])(\d{1,3}):(\d{1,4})(?=的?(?:比例|比分|获胜|领先|战平|取胜|胜|落后|大胜|险胜|击败|稀释))"

_SCORED: Final = "的?(?:比分)?(?:获胜|取胜|胜出|领先|战平|战胜|落后|大胜|险胜|完胜|击败|不敌|负于|惜败|胜(?![任地率算]))"
_SCORE: Final = r"\d{1,3}[-–:]\d{1,3}"
_TIMED: Final = r"(?P<minute>\d{1,2}):(?P<second>[0-5]\d)"
_PART: Final = r"\.(?P<part>\d{1,3})"
_LASTS: Final = r"(?P<label>时长|配速|圈速|成绩|倒计时|历时|用时|耗时)(?P<is>[为是约：:]?\s?)"

ZH: Final[tuple[Rule, ...]] = (
    rule(r"(?<![A-Za-z])([AaPp][Mm])\s?(\d{1,2}:\d\d)", r"\2\1"),
    rule(
        rf"(?<![\d.-])(\d{{1,3}})-(\d{{1,3}})(?=(?:[、,，]\s?\d{{1,3}}-\d{{1,3}})*{_SCORED})",
        lambda m: f"{numbers_zh.cardinal(m[1])}比{numbers_zh.cardinal(m[2])}",
    ),
    rule(rf"(?:比分|比赛结果|赛果)[为是：:]?\s?{_SCORE}(?:[、,，/]\s?{_SCORE})*(?![\d:])", _scores_zh),
    rule(
        r"((?:比例|配比|比率|兑水)[为是按]?:?\s?)(\d{1,3}):(\d{1,4})(?![\d:])",
        lambda m: f"{m[1]}{numbers_zh.cardinal(m[2])}比{numbers_zh.cardinal(m[3])}",
    ),
    rule(r"(?<!\d)24/7(?![\d/.])", "全天候"),
    rule(_RATIO_ZH, lambda m: f"{numbers_zh.cardinal(m[1])}比{numbers_zh.cardinal(m[2])}"),
    rule(rf"(?<![\d:.])(?P<hour>1[0-2]|0?\d)(?::(?P<minute>[0-5]\d))?{_HALF}", _half_of_day_zh),
    rule(rf"{_LASTS}(?:(?P<hour>\d{{1,2}}):)?{_TIMED}(?:{_PART})?(?![\d:])", _lasts_zh),
    rule(rf"(?<![\d:.]){_TIMED}{_PART}(?![\d:])", _timed_zh),
    rule(rf"{_TIME}分?(?P<dash>{_DASH})(?=\d{{1,2}}:\d\d)", lambda m: f"{_time_zh(m)}到"),
    rule(rf"{_TIME}(?:分(?![钟组批段别流享配布店公区期]))?", _time_zh),  # of 分组 and the like the word is left whole
)

_SHORT_HOUR: Final = r"(1[0-2]|[1-9])(:[0-5]\d)?([ap])"

EN: Final[tuple[Rule, ...]] = (
    rule(
        r"(?i)(\b(?:ratio|ratio (?:is|of|at)|odds (?:are |of )?):? )(\d{1,3}):(\d{1,4})(?![\d:])",
        lambda m: f"{m[1]}{numbers_en.cardinal(m[2])} to {numbers_en.cardinal(m[3])}",
    ),
    rule(r"(?<![\d:])((?:1[0-2]|0?\d):[0-5]\d)([ap])(?!\w|\.[Mm])", r"\1 \2m"),
    rule(rf"(?<![\w.:]){_SHORT_HOUR}\s?[-–—]\s?{_SHORT_HOUR}(?!\w)", r"\1\2\3m-\4\5\6m"),
    rule(
        r"(?<![\w:.,$€£/-])(1[0-2]|[1-9])[-–—](?=(?:1[0-2]|[1-9]):[0-5]\d(?![\d:]))(?![\d:]+\s?[AaPp]\.?[Mm])",
        lambda m: f"{numbers_en.pair(int(m[1]))} to ",
    ),
    rule(
        rf"(?<![\d:.])(?P<from>1[0-2]|0?\d)(?::(?P<past>[0-5]\d))?(?:\s?(?P<own>[AaPp])\.?[Mm]\b)?(?:{_DASH}| to )"
        rf"(?P<hour>1[0-2]|0?\d)(?::(?P<minute>[0-5]\d))?{_HALF}",
        _range_en,
    ),
    rule(rf"(?<![\d:.])(?P<hour>1[0-2]|0?\d)(?::(?P<minute>[0-5]\d))?{_HALF}", _half_en),
    rule(
        rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d){_DASH}(?P<to>[01]?\d|2[0-4]):(?P<past>[0-5]\d)(?![\d:])",
        _span_en,
    ),
    rule(rf"(?<![\d:.]){_TIMED}{_PART}(?![\d:])", _timed_en),
    rule(rf"{_TIME}\s?[-–—]\s?(?=(?:1[0-2]|[1-9])(?![\d:.,%/-]*\d|%))", lambda m: f"{_time_en(m)} to "),
    rule(rf"{_TIME}\s?(?:hrs|hours)\b", _hours_en),
    rule(
        r"\b([Aa]t |(?:[Bb]y|[Uu]ntil|[Bb]efore|[Aa]fter) (?!(?:19|20)\d\d))(?!2000)([01]\d|2[0-3])([0-5]\d)"
        r"(?P<unit> ?(?:hrs|hours)\b(?:\.(?! ?$| [A-Z]))?)?"
        r"(?=[,;:!?)]|\.?$|\. |,? (?:on|and|or|for|in|to|until|daily|sharp|today|tomorrow|tonight)\b)",
        _four_figures_en,
    ),
    rule(_TIME, _time_en),
    rule(r"\b24/7\b", "twenty four seven"),
)
