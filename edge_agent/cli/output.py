"""How commands print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from unicodedata import east_asian_width

import click
from tqdm import tqdm

_Item = TypeVar("_Item")


def print_json(value: Any) -> None:
    """One JSON document, indented."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_line(value: Any) -> None:
    """One JSON document on one line, written at once, for a program that follows."""
    click.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their content; a Chinese character takes two places."""
    table = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def shorten(text: str, places: int) -> str:
    """At most ``places`` wide on a terminal, on one line."""
    line = " ".join(text.split())
    if _width(line) <= places:
        return line
    while _width(line) > places - 1:
        line = line[:-1]
    return f"{line}…"


def size(n_bytes: float) -> str:
    """A size for people."""
    for unit in ("B", "KiB", "MiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.1f} GiB"


def progress(items: Sequence[_Item], what: str, *, unit: str) -> Iterable[_Item]:
    """A progress bar on standard error, if a person looks at it."""
    return tqdm(items, desc=what, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
