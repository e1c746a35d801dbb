"""Numbers in Mandarin words."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "万", "亿", "万亿")
MAX_DIGITS: Final = 16
"""A longer integer is read digit by digit."""


def digits(text: str, *, one: str = "一") -> str:
    """Each digit by itself, anything else as it is; `one` is 幺 where a code could be misheard."""
    return "".join((one if character == "1" else _DIGITS[int(character)]) if character.isdecimal() else character for character in text)


def cardinal(number: str, *, two: str = "二") -> str:
    """`1,299.50` -> 一千二百九十九点五零. `two` is how a bare 2 is read: 两 before a measure word.

    An integer part with a leading zero, or too long to be a quantity, is read digit by digit.
    """
    whole, _, fraction = number.replace(",", "").partition(".")
    spoken = _whole(whole, two if not fraction else "二")
    return f"{spoken}点{digits(fraction)}" if fraction else spoken


def _whole(number: str, two: str) -> str:
    if number == "2":
        return two
    if len(number) > MAX_DIGITS or (len(number) > 1 and number[0] == "0"):
        return digits(number)
    spoken = ""
    gap = False
    value = int(number)
    if value == 0:
        return _DIGITS[0]
    for order in range(len(_GROUPS) - 1, -1, -1):
        group = value // 10 ** (4 * order) % 10**4
        if group == 0:
            gap = bool(spoken)
            continue
        if spoken and (gap or group < 1000):
            spoken += _DIGITS[0]
        leading = not spoken
        spoken += _group(group, leading) if not (leading and group == 2 and order) else "两"
        spoken += _GROUPS[order]
        gap = False
    return spoken


def _group(group: int, leading: bool) -> str:
    """One group of four digits, without zeros in front."""
    spoken = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(spoken)
            continue
        if gap:
            spoken += _DIGITS[0]
        gap = False
        first = leading and not spoken
        if first and place == 1 and digit == 1:
            spoken += "十"
        else:
            spoken += ("两" if first and place == 3 and digit == 2 else _DIGITS[digit]) + _PLACES[place]
    return spoken
