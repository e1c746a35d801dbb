"""Fits a text into the parts of a template.

Takes time in proportion to the length of text times pattern, whatever the text: it never backtracks.
"""

from __future__ import annotations

from dataclasses import replace

from edge_agent.templates.parts import KINDS, Fixed, Part, Slot


def fit(parts: tuple[Part, ...], text: str) -> tuple[Part, ...] | None:
    """The parts with their slots filled, so that joined they are ``text``; of several ways the one with the shortest early
    slots, None if there is none."""
    # From the last part to the first: from where can the rest be matched, and where does this part end then?
    fits = [False] * len(text) + [True]
    ends_by_part = []
    for part in reversed(parts):
        ends = _fixed_ends(part, text, fits) if isinstance(part, Fixed) else _slot_ends(part, text, fits)
        fits = [end is not None for end in ends]
        ends_by_part.append(ends)
    if not fits[0]:
        return None
    filled = []
    start = 0
    for part, ends in zip(parts, reversed(ends_by_part), strict=True):
        end = ends[start]
        filled.append(replace(part, text=text[start:end]))
        start = end
    return tuple(filled)


def _fixed_ends(part: Fixed, text: str, fits: list[bool]) -> list[int | None]:
    ends: list[int | None] = [None] * (len(text) + 1)
    for end in range(len(part.text), len(text) + 1):
        start = end - len(part.text)
        if fits[end] and text.startswith(part.text, start):
            ends[start] = end
    return ends


def _slot_ends(part: Slot, text: str, fits: list[bool]) -> list[int | None]:
    takes = KINDS[part.kind]
    ends: list[int | None] = [None] * (len(text) + 1)
    nearest = None
    for start in range(len(text) - 1, -1, -1):
        if not takes(text[start]):
            nearest = None
            continue
        if fits[start + 1]:
            nearest = start + 1
        ends[start] = nearest
    return ends
