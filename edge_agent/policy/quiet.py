"""Quiet hours in the time of day of the place, across midnight and changes of the clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge_agent.errors import EdgeAgentError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:([a-z,\- ]+)\s+)?(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.ASCII)
_DAY_MIN = 24 * 60
_LONGEST_CHAIN = 64


class QuietWindowError(EdgeAgentError):
    """Text that is not a quiet window; ``text`` is it, and ``problem`` what is wrong with it and what is right."""

    def __init__(self, text: str, problem: str) -> None:
        self.text = text
        self.problem = f'{problem}; write it as "22:00-07:00" or "sat,sun 20:00-10:00"'
        super().__init__(f'quiet window "{text}" {self.problem}')


@dataclass(frozen=True, slots=True)
class QuietWindow:
    """From ``start_min`` to ``end_min``, minutes after local midnight; over midnight when it ends before it starts.

    ``weekdays`` are the days it begins on (Monday is 0), every day if None.
    """

    start_min: int
    end_min: int
    weekdays: frozenset[int] | None = None

    @classmethod
    def parse(cls, text: str) -> QuietWindow:
        """Read ``22:00-07:00``, ``mon-fri 13:00-14:00`` or ``sat,sun 00:00-24:00``.

        Raises:
            QuietWindowError: naming the text and what is wrong with it.
        """
        match = _WINDOW.fullmatch(text.strip().lower())
        if match is None:
            raise QuietWindowError(text, "is not understood")
        days, *clock = match.groups()
        start_hour, start_minute, end_hour, end_minute = map(int, clock)
        start_min, end_min = start_hour * 60 + start_minute, end_hour * 60 + end_minute
        if max(start_minute, end_minute) > 59 or start_min >= _DAY_MIN or end_min > _DAY_MIN:
            raise QuietWindowError(text, "has a time that no clock shows")
        if start_min == end_min:
            raise QuietWindowError(text, "has no length (the whole day is 00:00-24:00)")
        return cls(start_min, end_min, _weekdays(days, text) if days else None)

    def end_if_inside(self, at: float, zone: ZoneInfo | None) -> float | None:
        """When the window around a time ends, None if the time is outside; both in seconds since the epoch."""
        today = datetime.fromtimestamp(at, zone).date()
        for day in (today - timedelta(days=1), today):
            if self.weekdays is not None and day.weekday() not in self.weekdays:
                continue
            last_day = day if self.start_min < self.end_min else day + timedelta(days=1)
            if _moment(day, self.start_min, zone) <= at < (end := _moment(last_day, self.end_min, zone)):
                return end
        return None


def quiet_until(windows: Sequence[QuietWindow], at: float, zone: ZoneInfo | None) -> float | None:
    """When quiet that covers a time ends, following windows that touch or overlap; None if it is not quiet then.

    Windows without a gap between them never end: then the answer is about as far away as they were followed.
    """
    end: float | None = None
    for _ in range(_LONGEST_CHAIN):
        moment = at if end is None else end
        ends = [found for window in windows if (found := window.end_if_inside(moment, zone)) is not None]
        if not ends:
            break
        end = max(ends)
    return end


def _moment(day: date, minutes: int, zone: ZoneInfo | None) -> float:
    day += timedelta(days=minutes // _DAY_MIN)
    return datetime.combine(day, time(minutes % _DAY_MIN // 60, minutes % 60), tzinfo=zone).timestamp()


def _weekdays(text: str, whole: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise QuietWindowError(whole, f'names no day with "{part}" ({", ".join(_DAYS)})')
        begin, count = _DAYS.index(first), (_DAYS.index(last or first) - _DAYS.index(first)) % 7
        days.update((begin + step) % 7 for step in range(count + 1))
    return frozenset(days)
