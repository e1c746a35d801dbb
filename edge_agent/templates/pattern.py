"""Reads a pattern into its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.templates.errors import TemplateError
from edge_agent.templates.parts import KINDS, Fixed, Part, Slot

_TOKEN = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<slot>[^{}]*)\}|(?P<stray>[{}])|(?P<fixed>[^{}]+)")
_SLOT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<kind>[a-z]+))?")


def read_parts(pattern: str) -> Iterator[Part]:
    """Fixed text and slots in order, never two slots side by side.

    Raises:
        TemplateError: where it is no pattern, and why.
    """
    fixed = ""
    names: set[str] = set()
    for token in _TOKEN.finditer(pattern):
        column = token.start() + 1
        if token["stray"]:
            hint = "write {{ for a brace, or close the slot" if token["stray"] == "{" else "write }} for a brace"
            raise TemplateError(f"a single {token['stray']!r}: {hint}", pattern, column)
        if token["slot"] is None:
            fixed += token["fixed"] or token["brace"][0]
            continue
        slot = _slot(token["slot"], pattern, column)
        if slot.name in names:
            raise TemplateError(f"the slot {slot.name!r} occurs twice", pattern, column)
        if names and not fixed.strip():
            raise TemplateError("two slots need fixed text between them", pattern, column)
        names.add(slot.name)
        if fixed:
            yield Fixed(fixed)
        yield slot
        fixed = ""
    if fixed:
        yield Fixed(fixed)


def _slot(inside: str, pattern: str, column: int) -> Slot:
    found = _SLOT.fullmatch(inside)
    if found is None:
        raise TemplateError(f"{inside!r} is not a slot; write {{name}} or {{name:kind}}", pattern, column)
    kind = found["kind"] or "text"
    if kind not in KINDS:
        raise TemplateError(f"unknown kind {kind!r}; there are {', '.join(KINDS)}", pattern, column)
    return Slot(found["name"], kind)
