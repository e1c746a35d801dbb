"""Digits a recogniser writes, back to the words somebody may have said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.text import numbers_en, numbers_zh

NUMBER = re.compile(r"(?P<money>[$¥￥])?(?P<number>\d+(?:,\d{3})*(?:[.:：]\d+)?)(?P<after>%|(?:st|nd|rd|th)\b)?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[.:：](\d\d)")


def mandarin(match: re.Match[str]) -> list[str]:
    """Every way a Mandarin speaker may have said it: quantity, digit by digit (with 一 or 幺), time of day."""
    number = match["number"].replace(",", "")
    readings = []
    clock = _CLOCK.fullmatch(number)
    if clock:
        hour, minute = numbers_zh.cardinal(clock[1]), int(clock[2])
        spoken = numbers_zh.cardinal(str(minute))
        zeros = ("", "零") if minute < 10 else ("",)
        readings += [f"{hour}点{zero}{spoken}{end}" for zero in zeros for end in ("分", "")] if minute else [f"{hour}点", f"{hour}点整"]
        readings += [f"{hour}点半"] if minute == 30 else []
        readings += [f"{hour}点{numbers_zh.cardinal(str(minute // 15))}刻"] if minute in (15, 45) else []
    if ":" not in number and "：" not in number:
        readings += [numbers_zh.cardinal(number)]
        if number.isdecimal():
            readings += [numbers_zh.digits(number), numbers_zh.digits(number, one="幺")]
    readings = readings or [numbers_zh.digits("".join(filter(str.isdecimal, number)))]
    if match["after"] == "%":
        readings = [f"百分之{reading}" for reading in readings]
    if match["money"]:
        unit = "美元" if match["money"] == "$" else "元"
        readings = [f"{reading}{end}" for reading in readings for end in (unit, "块")]
    return _unique(readings)


def english(match: re.Match[str]) -> list[str]:
    """Every way an English speaker may have said it: quantity, ordinal, digit by digit, in pairs, time of day."""
    number = match["number"].replace(",", "")
    after = (match["after"] or "").lower()
    if after in ("st", "nd", "rd", "th") and number.isdecimal():
        return [numbers_en.ordinal(number)]
    readings = [] if ":" in number or "：" in number else [numbers_en.cardinal(number)]
    readings += [re.sub(r"hundred (?=\w)", "hundred and ", reading) for reading in readings]
    clock = _CLOCK.fullmatch(number)
    if clock:
        readings += _pairs(int(clock[1]), int(clock[2]))
    if number.isdecimal():
        spelled = numbers_en.digits(number)
        readings += [spelled, spelled.replace("zero", "oh")]
        if len(number) in (3, 4) and number[0] != "0":
            readings += _pairs(int(number[:-2]), int(number[-2:]))
    readings = readings or [numbers_en.digits(number)]
    if after == "%":
        readings = [f"{reading} percent" for reading in readings]
    if match["money"] == "$":
        readings = [f"{reading} dollar{'' if reading == 'one' else 's'}" for reading in readings]
    return _unique(readings)


def _pairs(first: int, second: int) -> Iterator[str]:
    head = numbers_en.pair(first)
    if second == 0:
        yield from (head, f"{head} o'clock", f"{head} hundred")
    elif second < 10:
        yield f"{head} oh {numbers_en.pair(second)}"
    else:
        yield f"{head} {numbers_en.pair(second)}"


def _unique(readings: list[str]) -> list[str]:
    return list(dict.fromkeys(readings))
