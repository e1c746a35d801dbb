"""On which line of a TOML file a key stands. The parser of the standard library does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_TOKEN = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]|[^\[\]{}\n"'\#]+""",
    re.DOTALL,
)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Lines (from 1) of the tables and keys of a valid TOML document, by their full name; the first of several wins."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for line, statement in _statements(text):
        if header := _TABLE.match(statement):
            table = _names(header[1])
            lines.setdefault(table, line)
        elif key := _KEY.match(statement):
            name = table + _names(key[1])
            for depth in range(len(table) + 1, len(name) + 1):
                lines.setdefault(name[:depth], line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Split at the ends of lines that are neither within a string nor within brackets."""
    line = first = 1
    depth = 0
    statement = ""
    for token in _TOKEN.findall(text):
        if token == "\n" and depth == 0:
            yield first, statement
            statement = ""
        elif not token.startswith("#"):
            depth += (token in "[{") - (token in "]}")
            statement += token
        line += token.count("\n")
        if not statement:
            first = line
    yield first, statement


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
