"""JSON as this project accepts it: small, shallow, UTF-8, one value a key, finite numbers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from edge_agent.parse.rejected import Refusal, Rejected, show

MAX_PAYLOAD_BYTES = 16 * 1024
MAX_DEPTH = 8
_MAX_INT_DIGITS = 18
_ALLOWED = f"UTF-8 text or one JSON object, at most {MAX_PAYLOAD_BYTES} bytes, {MAX_DEPTH} levels deep"

_STRUCTURE = re.compile(r'\\u[0-9a-fA-F]{4}|\\.|["\[\]{}]', re.DOTALL)
_JSON_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A JSON object and the first thing wrong with it, if any.

    The values are kept beside the complaint so that the requester's id can still be read out of them.
    """

    values: dict[str, Any]
    complaint: Rejected | None


def decode(payload: bytes) -> str:
    """Decode a payload of at most 16 KiB of UTF-8, without its byte order mark.

    Raises:
        Rejected: too large, or not UTF-8 (with the byte offset).
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Rejected("payload", f"has {len(payload)} bytes", _ALLOWED, kind=Refusal.TOO_LARGE)
    try:
        return payload.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Rejected("payload", f"is not UTF-8 at byte {error.start}", _ALLOWED, kind=Refusal.MALFORMED) from None


def looks_like_object(text: str) -> bool:
    return text.lstrip(_JSON_SPACE).startswith("{")


def load(text: str) -> Loaded:
    """Read one JSON object.

    Raises:
        Rejected: not JSON, not an object or too deep; lesser faults come back as ``Loaded.complaint``.
    """
    reader = _Reader(text)
    reader.scan()
    try:
        value = json.loads(
            text, object_pairs_hook=reader.pairs, parse_constant=reader.constant, parse_int=reader.integer
        )
    except json.JSONDecodeError as error:
        problem = f"is not JSON at byte {_byte_offset(text, error.pos)} ({error.msg})"
        raise Rejected("payload", problem, _ALLOWED, kind=Refusal.MALFORMED) from None
    if not isinstance(value, dict):
        raise Rejected("payload", f"is not a JSON object but {show(value)}", _ALLOWED, kind=Refusal.MALFORMED)
    return Loaded(value, reader.complaint)


def read_object(payload: bytes) -> dict[str, Any]:
    """Read a JSON object that has no fault at all (for commands, which have no id to answer to).

    Raises:
        Rejected: with the first fault found.
    """
    loaded = load(decode(payload))
    if loaded.complaint is not None:
        raise loaded.complaint
    return loaded.values


def _byte_offset(text: str, index: int) -> int:
    return len(text[:index].encode("utf-8"))


class _Reader:
    """Collects the first complaint while the standard parser does the reading."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.complaint: Rejected | None = None

    def _complain(self, problem: str, field: str = "payload") -> None:
        if self.complaint is None:
            self.complaint = Rejected(field, problem, _ALLOWED, kind=Refusal.MALFORMED)

    def scan(self) -> None:
        """Find depth and lone surrogates before the parser recurses or makes unencodable strings."""
        depth, in_string = 0, False
        high: re.Match[str] | None = None
        for match in _STRUCTURE.finditer(self._text):
            token = match.group()
            if high is not None and not (match.start() == high.end() and _is_low(token)):
                self._lone_surrogate(high)
                high = None
            if token == '"':
                in_string = not in_string
            elif not in_string:
                depth += (token in "[{") - (token in "]}")
                if depth > MAX_DEPTH:
                    raise Rejected("payload", f"nests deeper than {MAX_DEPTH} levels", _ALLOWED, kind=Refusal.MALFORMED)
            elif _is_high(token):
                high = match
            elif _is_low(token):
                if high is None:
                    self._lone_surrogate(match)
                high = None
        if high is not None:
            self._lone_surrogate(high)

    def _lone_surrogate(self, match: re.Match[str]) -> None:
        offset = _byte_offset(self._text, match.start())
        self._complain(f"has half a character (the lone surrogate {match.group()}) at byte {offset}")

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                self._complain(f"gives the field {show(key)} twice")
            values[key] = value
        return values

    def constant(self, name: str) -> None:
        self._complain(f"contains {name}, which is not a JSON number")

    def integer(self, digits: str) -> int:
        if len(digits) > _MAX_INT_DIGITS:
            self._complain(f"contains a number of {len(digits)} digits")
            return 0
        return int(digits)


def _is_high(token: str) -> bool:
    return len(token) == 6 and 0xD800 <= int(token[2:], 16) <= 0xDBFF  # noqa: FURB166 (the prefix is a backslash)


def _is_low(token: str) -> bool:
    return len(token) == 6 and 0xDC00 <= int(token[2:], 16) <= 0xDFFF  # noqa: FURB166 (the prefix is a backslash)
