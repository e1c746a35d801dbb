"""Numbers in English words, American style (no "and" within a number)."""

from __future__ import annotations

from typing import Final

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS: Final = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_GROUPS: Final = ("", " thousand", " million", " billion", " trillion")
_IRREGULAR_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
MAX_DIGITS: Final = 15
"""A longer integer is read digit by digit."""


def digits(text: str) -> str:
    """Each digit as a word, each letter in capitals by itself: `B12` -> `B one two`."""
    return " ".join(_ONES[int(c)] if c.isdecimal() else c.upper() for c in text if c.isalnum())


def cardinal(number: str) -> str:
    """`1,299.50` -> one thousand two hundred ninety nine point five zero.

    An integer part with a leading zero, or too long to be a quantity, is read digit by digit.
    """
    whole, _, fraction = number.replace(",", "").partition(".")
    spoken = _whole(whole)
    return f"{spoken} point {digits(fraction)}" if fraction else spoken


def _whole(number: str) -> str:
    if len(number) > MAX_DIGITS or (len(number) > 1 and number[0] == "0"):
        return digits(number)
    value = int(number)
    if value == 0:
        return _ONES[0]
    parts = []
    for order in range(len(_GROUPS) - 1, -1, -1):
        group = value // 1000**order % 1000
        if group:
            parts.append(_group(group) + _GROUPS[order])
    return " ".join(parts)


def _group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    parts = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest:
        parts.append(pair(rest))
    return " ".join(parts)


def pair(number: int) -> str:
    """0..99."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] if not ones else f"{_TENS[tens]} {_ONES[ones]}"


def ordinal(number: str) -> str:
    """`42` -> forty second."""
    *head, last = cardinal(number).split(" ")
    if last in _IRREGULAR_ORDINALS:
        last = _IRREGULAR_ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return " ".join([*head, last])


def year(number: str) -> str:
    """Four digits: `1905` -> nineteen oh five, `2026` -> twenty twenty six, `2005` -> two thousand five."""
    century, rest = divmod(int(number), 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(number)
    if rest == 0:
        return f"{pair(century)} hundred"
    return f"{pair(century)} {'oh ' if rest < 10 else ''}{pair(rest)}"


def plural(spoken: str) -> str:
    """`twenty` -> twenties, `six` -> sixes, `two hundred` -> two hundreds."""
    if spoken.endswith("y"):
        return spoken[:-1] + "ies"
    return spoken + ("es" if spoken.endswith("x") else "s")


def decade(number: str) -> str:
    """`1980` -> nineteen eighties, `90` -> nineties."""
    return plural(year(number) if len(number) == 4 else pair(int(number)))
