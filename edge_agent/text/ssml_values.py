"""Values of SSML attributes. Every function raises TextError that says what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from edge_agent.text import pinyin
from edge_agent.text.errors import TextError
from edge_agent.text.symbols import SYMBOLS

MAX_BREAK_S: Final = 10.0
MIN_RATE: Final = 0.5
MAX_RATE: Final = 2.0
MIN_GAIN_DB: Final = -40.0
MAX_GAIN_DB: Final = 6.0

_STRENGTHS_S: Final = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.8, "x-strong": 1.2}
_RATES: Final = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
_VOLUMES_DB: Final = {
    "silent": MIN_GAIN_DB, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 3.0, "x-loud": MAX_GAIN_DB,
}  # fmt: skip
_ALPHABETS: Final = ("ipa", "x-pinyin")


def unknown(name: str, value: str, allowed: Iterable[str]) -> TextError:
    """The error for a value outside a list."""
    return TextError(f"{name}={value!r}; allowed: {', '.join(allowed)}")


def language(value: str) -> Literal["zh", "en"]:
    """`zh-CN`, `cmn` -> zh; `en-US` -> en."""
    primary = re.split("[-_]", value.lower())[0]
    if primary in ("zh", "cmn"):
        return "zh"
    if primary == "en":
        return "en"
    raise TextError(f"xml:lang={value!r}; allowed: zh, en, each also with a region (zh-CN)")


def rate(value: str) -> float:
    """`80%`, `0.8`, `-20%` or `slow` as a factor of the speaking rate."""
    if value in _RATES:
        return _RATES[value]
    match = re.fullmatch(r"([+-]?)(\d{1,3}(?:\.\d{1,3})?)(%?)", value)
    factor = 0.0
    if match:
        sign, number, percent = match.groups()
        factor = float(number) / (100 if percent else 1)
        if sign:
            factor = 1 + factor if sign == "+" else 1 - factor
    if not MIN_RATE <= factor <= MAX_RATE:
        raise TextError(f"rate={value!r}; allowed: 50% to 200%, -50% to +100%, {', '.join(_RATES)}")
    return factor


def gain_db(value: str) -> float:
    """`-6dB` or `soft` in decibels."""
    if value in _VOLUMES_DB:
        return _VOLUMES_DB[value]
    match = re.fullmatch(r"([+-]\d{1,2}(?:\.\d{1,2})?)dB", value)
    if match is None or not MIN_GAIN_DB <= float(match[1]) <= MAX_GAIN_DB:
        raise TextError(f"volume={value!r}; allowed: {MIN_GAIN_DB:+.0f}dB to {MAX_GAIN_DB:+.0f}dB, {', '.join(_VOLUMES_DB)}")
    return float(match[1])


def break_s(attributes: Mapping[str, str]) -> float:
    """Seconds of a `break`: its `time`, else those of its `strength`."""
    strength = attributes.get("strength", "medium")
    if strength not in _STRENGTHS_S:
        raise unknown("strength", strength, _STRENGTHS_S)
    if "time" not in attributes:
        return _STRENGTHS_S[strength]
    match = re.fullmatch(r"\+?(\d{1,5}(?:\.\d{1,3})?)(ms|s)", attributes["time"])
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else -1.0
    if not 0 <= seconds <= MAX_BREAK_S:
        raise TextError(f"time={attributes['time']!r}; allowed: 0ms to {MAX_BREAK_S:.0f}s, as 250ms or 1.5s")
    return seconds


def chime(src: str) -> str:
    """`chime:ding` -> ding."""
    match = re.fullmatch(r"chime:([A-Za-z0-9._-]{1,64})", src)
    if match is None:
        raise TextError(f"src={src!r}; allowed: chime:NAME")
    return match[1]


def phonemes(attributes: Mapping[str, str]) -> str:
    """The `ph` of a `phoneme` in symbols of the table."""
    alphabet = attributes.get("alphabet", "ipa")
    if alphabet not in _ALPHABETS:
        raise unknown("alphabet", alphabet, _ALPHABETS)
    written = attributes["ph"].strip()
    if alphabet == "x-pinyin":
        return "".join(map(pinyin.ipa, written.replace("ü", "v").split()))
    for symbol in written:
        if symbol not in SYMBOLS:
            raise TextError(f"ph={written!r}: {symbol!r} is not in the phoneme table")
    return written
