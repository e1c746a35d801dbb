"""One form for characters that look or mean the same, and none for those that cannot be spoken."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ROMAN: Final = {chr(0x2160 + i): str(i + 1) for i in range(12)} | {chr(0x2170 + i): str(i + 1) for i in range(12)}
_ROMAN_ZH: Final = dict(zip(map(chr, range(0x2160, 0x216C)), "一 二 三 四 五 六 七 八 九 十 十一 十二".split(), strict=True))
_SPECIAL: Final = {
    **_ROMAN,
    "㎡": "m²", "㎥": "m³", "℃": "°C", "℉": "°F", "￥": "¥", "～": "~", "〜": "~", "∼": "~", "∶": ":", "－": "-", "−": "-", "‐": "-",
    "‑": "-", "⁄": "/", "’": "'", "‘": "'", "ʼ": "'", "〇": "零", "º": "°", "˚": "°", "µ": "μ", "\u00a0": " ", "\u3000": " ",
    "\u00ad": "", "{": " ", "}": " ", "¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "×": "×", "²": "²", "³": "³",
    "№": "No.", "″": '"', "′": "'",
}  # fmt: skip
_KEPT: Final = frozenset("，。！？；：（）、…—–·《》「」『』【】“”°²³¥€£₩±≥≤÷×‰")
_DROPPED: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Mn", "Me"))
_BETWEEN_FIGURES: Final = re.compile(r"(?<=[\dA-Za-z])\s?([：．／])\s?(?=\d)")
_ROMAN_BEFORE_CHINESE: Final = re.compile(r"(?<![\u2160-\u217f])[\u2160-\u216b](?=[\u4e00-\u9fff])")
"""A number in a row and no count: Ⅱ类 is 二类 and not 两类."""
_FRACTION: Final = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
"""One and a half is written without a blank, and would become eleven halves."""
_RAISED: Final = re.compile(r"[⁺⁻⁰¹²³⁴-⁹]+")
"""A power, but for the two that units have."""
_NARROW: Final = {"：": ":", "．": ".", "／": "/"}
_REPEATED: Final = re.compile(r"([^\W\d_])\1{10,}|([^\w\s])\2{10,}")
_LONG_WORD: Final = re.compile(r"[A-Za-z\u00c0-\u024f]{46,}")
"""Longer than any word there is."""
_SPACES: Final = re.compile(r"[ \t\r\f\v]+")


def collapse(text: str) -> str:
    """A letter or sign repeated more than ten times, ten times."""
    return _REPEATED.sub(lambda match: match[0][:10], text)


def fold(text: str) -> str:
    """Full-width figures and letters narrow, compatibility forms plain, emoji and control characters gone.

    Chinese punctuation stays, but for `：` between figures. A letter or sign repeated more than ten times is said ten
    times, letters without end are broken into pieces. Braces go, for they mark given phonemes later on. Runs of blanks
    become one; line ends stay, for they end a sentence.
    """
    text = _ROMAN_BEFORE_CHINESE.sub(lambda match: _ROMAN_ZH[match[0]], text)
    text = _RAISED.sub(_power, _FRACTION.sub(" ", text))
    folded = "".join(map(_fold_character, text))
    folded = _BETWEEN_FIGURES.sub(lambda match: _NARROW[match[1]], folded)
    folded = collapse(folded)
    folded = _LONG_WORD.sub(lambda match: _broken(match[0]), folded)
    return _SPACES.sub(" ", folded).strip()


def _power(match: re.Match[str]) -> str:
    is_power = match[0] not in ("²", "³") and match.string[: match.start()][-1:].isdecimal()
    return f"^{match[0]}".replace("²", "2").replace("³", "3") if is_power else match[0]


def _broken(word: str) -> str:
    return " ".join(word[i : i + 30] for i in range(0, len(word), 30))


def _fold_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character < "\x7f":
        return character if character >= " " or character == "\n" else " "
    if character in _KEPT or "\u4e00" <= character <= "\u9fff":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKC", character)
    if plain != character:
        return "".join(map(_fold_character, plain))
    if category in _DROPPED:
        return " " if category in ("Cc", "So") else ""
    if category in ("No", "Nl"):
        return ""
    return character
