"""Checks of single values of a manifest, each of which names the field and what it should have been."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from edge_agent.voices import document
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.ustar import MAX_NAME_BYTES

PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
PATH_ALLOWED = f"parts of A-Z a-z 0-9 . _ - that begin with a letter, digit or _, joined by /, at most {MAX_NAME_BYTES} in all"


def expect(condition: bool, name: str, wanted: str) -> None:
    """
    Raises:
        PackError: ``malformed``.
    """
    if not condition:
        raise PackError("malformed", f"manifest: {name} must be {wanted}")


def text(name: str, value: Any, most: int) -> None:
    good = isinstance(value, str) and 1 <= len(value) <= most and value.strip() == value and not document.CONTROL.search(value)
    expect(good, name, f"1 to {most} characters without control characters or space around them")


def matches(name: str, value: Any, pattern: re.Pattern[str], wanted: str) -> None:
    expect(document.fits(pattern, value), name, wanted)


def integer(name: str, value: Any, least: int, most: int) -> None:
    # JSON's true is no number, although Python's is
    expect(type(value) is int and least <= value <= most, name, f"a whole number from {least} to {most}")


def items(name: str, values: Any, least: int, most: int) -> None:
    expect(isinstance(values, tuple) and least <= len(values) <= most, name, f"a list of {least} to {most} items")
    expect(len(set(values)) == len(values), name, "a list of different items")


def time(name: str, value: Any) -> None:
    expect(document.is_time(value), name, document.TIME_WANTED)


def path(value: Any) -> None:
    """
    Raises:
        PackError: ``unsafe_path``: it is no relative path of plain names.
    """
    if not (isinstance(value, str) and len(value) <= MAX_NAME_BYTES and PATH.fullmatch(value)):
        raise PackError("unsafe_path", f"a file of the pack is called {str(value)[:200]!r}; allowed: {PATH_ALLOWED}")


def parse_time(name: str, value: Any) -> datetime:
    """
    Raises:
        PackError: ``malformed``.
    """
    try:
        return document.parse_time(value)
    except ValueError as error:
        raise PackError("malformed", f"manifest: {name} must be {document.TIME_WANTED}") from error
