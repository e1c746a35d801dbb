"""What the documents that are signed for voices have in common: JSON in one spelling, times, digests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SHA256 = re.compile(r"[0-9a-f]{64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that no text of a document may have."""
TIME_WANTED = "a UTC time such as 2026-01-31T00:00:00Z"
_MAX_DIGITS = 16


def to_bytes(values: Mapping[str, Any]) -> bytes:
    """What is signed: the canonical form of RFC 8785, for values whose numbers are whole; no newline at the end."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(content: bytes) -> dict[str, Any]:
    """An object, trusting nothing in it; whether it is spelled as :func:`to_bytes` does is for the caller to compare.

    Raises:
        ValueError: it is none, a field is given twice, or a number is not whole or has too many digits.
    """
    try:
        values = json.loads(
            content.decode(), object_pairs_hook=_unique, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 (what it says is wrong, not who asks)
    return values


def fits(pattern: re.Pattern[str], value: Any) -> bool:
    """Whether a value is a text, all of which fits."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_time(value: Any) -> bool:
    """Whether :func:`show_time` loses nothing of a value."""
    return isinstance(value, datetime) and value.tzinfo == timezone.utc and not value.microsecond


def parse_time(value: Any) -> datetime:
    """
    Raises:
        ValueError: it is not :data:`TIME_WANTED`, or no such day ever was.
    """
    if not fits(TIME, value):
        raise ValueError(f"not {TIME_WANTED}")
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def show_time(moment: datetime) -> str:
    """UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a field is given twice")
    return values


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS + 1:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _refuse(number: str) -> Any:
    raise ValueError(f"{number[:40]} is not a whole number")
