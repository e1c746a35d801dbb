"""What each field of an announcement may hold, as a table of small checkers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from edge_agent.announcement import OnInterrupt, Priority
from edge_agent.parse.rejected import show

MAX_TEXT_CHARS = 2000
MAX_TTL_S = 7 * 86_400
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


class Problem(Exception):
    """What is wrong with a value; the caller knows the field and adds what is allowed."""


class Check(Protocol):
    allowed: str

    def read(self, value: Any) -> Any:
        """Turn a JSON value into what the announcement holds, or raise :class:`Problem`."""


@dataclass(frozen=True)
class Text:
    """The words themselves; they are never quoted in a message, because messages are logged."""

    allowed: str = f"1 to {MAX_TEXT_CHARS} characters of plain text or SSML"

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Problem(f"is {_kind(value)}")
        text = value.strip()
        if not text:
            raise Problem("is empty")
        if len(text) > MAX_TEXT_CHARS:
            raise Problem(f"has {len(text)} characters")
        return text


@dataclass(frozen=True)
class Pattern:
    pattern: re.Pattern[str]
    allowed: str

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            raise Problem(f"is {show(value)}")
        return value


class Choice:
    def __init__(self, choices: Mapping[str, Any]) -> None:
        self._choices = choices
        *most, last = choices
        self.allowed = f"{', '.join(most)} or {last}"

    def read(self, value: Any) -> Any:
        if not isinstance(value, str) or value not in self._choices:
            raise Problem(f"is {show(value)}")
        return self._choices[value]


@dataclass(frozen=True)
class Number:
    low: float
    high: float
    unit: str = ""
    whole: bool = False

    @property
    def allowed(self) -> str:
        return f"a {'whole ' * self.whole}number from {self.low:g} to {self.high:.10g}{self.unit and ' ' + self.unit}"

    def read(self, value: Any) -> float:
        # bool is an int to Python, but `"repeat": true` is a mistake.
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Problem(f"is {show(value)}")
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise Problem(f"is {show(value)}")
        if not self.whole:
            return float(value)
        if value != int(value):
            raise Problem(f"is {show(value)}")
        return int(value)


@dataclass(frozen=True)
class Instant:
    """An RFC 3339 time; the offset is required, for a device may not be in its sender's time zone."""

    allowed: str = 'a time such as "2026-05-01T08:30:00+08:00"'

    def read(self, value: Any) -> float:
        match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise Problem(f"is {show(value)}")
        *parts, fraction, _zulu, sign, hours, minutes = match.groups()
        year, month, day, hour, minute, second = map(int, parts)
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        try:
            # A leap second is legal in RFC 3339 but unknown to datetime; it is spoken one second early.
            moment = datetime(year, month, day, hour, minute, 59 if second == 60 else second, tzinfo=timezone(offset))
            return moment.timestamp() + float(f"0.{fraction or 0}")
        except (ValueError, OverflowError):
            raise Problem(f"is {show(value)}, which no calendar has") from None


def _kind(value: Any) -> str:
    if value is None:
        return "null (leave the field out instead)"
    names = {bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return names[type(value)]


_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_NAME_ALLOWED = "1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen"
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

FIELDS: dict[str, Check] = {
    "text": Text(),
    "id": Pattern(_NAME, _NAME_ALLOWED),
    "lang": Choice({lang: lang for lang in ("auto", "zh", "en")}),
    "voice": Pattern(_NAME, f"a voice id, {_NAME_ALLOWED}"),
    "priority": Choice({priority.name.lower(): priority for priority in sorted(Priority, reverse=True)}),
    "ttl_s": Number(0.1, MAX_TTL_S, "seconds"),
    "key": Pattern(re.compile(rf"[^{_CONTROL}]{{1,128}}"), "1 to 128 characters, none of them control characters"),
    "on_interrupt": Choice({choice.value: choice for choice in OnInterrupt}),
    "chime": Pattern(_NAME, f"a chime id, {_NAME_ALLOWED}"),
    "repeat": Number(1, 10, whole=True),
    "gap_s": Number(0, 600, "seconds"),
    "volume": Number(0, 1),
    "speed": Number(0.5, 2),
    "not_before": Instant(),
    "reply_to": Pattern(
        re.compile(rf"(?!\$)[^+#{_CONTROL}]{{1,256}}"),
        "a topic of 1 to 256 characters without +, # and control characters, not beginning with $",
    ),
}
