"""Sentences with gaps: ``请{ticket}号到{window}号窗口``.

An announcement that fits a template is spoken part by part. The fixed parts are the same every time and a slot's value
comes back often, so nearly all of a counter's day is played from the phrase cache.

In a pattern ``{name}`` takes any text within a sentence and ``{name:kind}`` only one of :data:`KINDS`; ``{{`` and
``}}`` stand for braces. Between two slots there must be fixed text. Matching takes time in proportion to the length of text
times pattern, whatever the text: it never backtracks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from edge_agent.errors import EdgeAgentError

MAX_PATTERN_CHARS = 500
MAX_SLOTS = 16

_SENTENCE_ENDS = frozenset("。！？!?；;\n\r")
_CODE_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-·")
_NUMBER_CHARS = frozenset("0123456789.,:-零〇一二两三四五六七八九十百千万亿点半")
_OPENING = frozenset({"Ps", "Pi", "Sc"})
_NAME_MARKS = frozenset(" '’·-.")

KINDS: dict[str, Callable[[str], bool]] = {
    "text": lambda char: char not in _SENTENCE_ENDS,
    "code": _CODE_CHARS.__contains__,
    "number": _NUMBER_CHARS.__contains__,
    "name": lambda char: char.isalpha() or char in _NAME_MARKS,
}
"""What each kind of slot takes, character by character: ``code`` is a ticket, flight, gate or plate, ``name`` a
person, place or line."""

_TOKEN = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<slot>[^{}]*)\}|(?P<stray>[{}])|(?P<fixed>[^{}]+)")
_SLOT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<kind>[a-z]+))?")


class TemplateError(EdgeAgentError):
    """A pattern is not a template. ``column`` counts its characters from 1; ``number`` its place in a list, from 1."""

    def __init__(self, reason: str, pattern: str, column: int = 1, number: int | None = None) -> None:
        place = f"template {number}, " if number is not None else ""
        super().__init__(f"{place}column {column} of {pattern!r}: {reason}")
        self.reason = reason
        self.pattern = pattern
        self.column = column
        self.number = number


class TemplateListError(EdgeAgentError):
    """Every fault of a list of patterns at once."""

    def __init__(self, errors: tuple[TemplateError, ...]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Fixed:
    """Text that is the same in every announcement of a template."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap; in a :class:`Match` ``text`` is what filled it, in a :class:`Template` it is empty."""

    name: str
    kind: str = "text"
    text: str = ""


Part = Fixed | Slot


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a matched text; ``kind`` is that of the slot in it, by which it is to be read, or None."""

    text: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """How a text fills a template; the parts' texts joined are that text."""

    template: Template
    parts: tuple[Part, ...]

    @property
    def values(self) -> dict[str, str]:
        """What fills each slot, by name."""
        return {part.name: part.text for part in self.parts if isinstance(part, Slot)}

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What to speak one after the other, each cached by itself.

        Marks go with the words whose reading they decide: a comma or ``%`` with what stands before it, an opening
        bracket or ``$`` with what follows. A unit in letters belongs into the slot: ``{distance}``, not ``{n}km``.
        """
        return _pieces(self.parts)


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern, parsed: fixed parts and slots, never two slots side by side."""

    pattern: str
    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, pattern: str) -> Template:
        """Read a pattern.

        Raises:
            TemplateError: it says where and why.
        """
        pattern = pattern.strip()
        if len(pattern) > MAX_PATTERN_CHARS:
            raise TemplateError(f"longer than {MAX_PATTERN_CHARS} characters", pattern, MAX_PATTERN_CHARS + 1)
        parts = tuple(_parts(pattern))
        slots = [part for part in parts if isinstance(part, Slot)]
        if not slots:
            raise TemplateError("there is no slot; a phrase that never changes belongs into the phrase list", pattern)
        if len(slots) > MAX_SLOTS:
            raise TemplateError(f"more than {MAX_SLOTS} slots", pattern)
        if not any(_speakable(part.text) for part in parts):
            raise TemplateError("there is nothing to speak beside the slots", pattern)
        return cls(pattern, parts)

    @property
    def n_fixed(self) -> int:
        """Fixed characters: how much a match says about the text."""
        return sum(len(part.text) for part in self.parts)

    @property
    def fixed_texts(self) -> tuple[str, ...]:
        """The pieces that every match speaks, so that they can be made ahead."""
        return tuple(piece.text for piece in _pieces(self.parts) if piece.kind is None)

    def match(self, text: str) -> Match | None:
        """Fit ``text``, without the white space around it; of several ways the one with the shortest early slots."""
        text = text.strip()
        # A slot's own text is empty here; this spares most templates of a long list the full fit.
        if not (text.startswith(self.parts[0].text) and text.endswith(self.parts[-1].text)):
            return None
        parts = _fit(self.parts, text)
        if parts is None or not all(_speakable(part.text) for part in parts if isinstance(part, Slot)):
            return None
        return Match(self, parts)


class Templates:
    """Several templates. The one with most fixed characters wins, then fewest slots, then the earliest in the list."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._ordered = sorted(templates, key=lambda template: (-template.n_fixed, len(template.parts)))

    @classmethod
    def parse(cls, patterns: Iterable[str]) -> Templates:
        """Read a pack's or a configuration's list.

        Raises:
            TemplateListError: all that is wrong with any of them.
        """
        templates: dict[str, Template] = {}
        errors = []
        for number, pattern in enumerate(patterns, start=1):
            try:
                if pattern in templates:
                    raise TemplateError("the same pattern stands earlier in the list", pattern)
                templates[pattern] = Template.parse(pattern)
            except TemplateError as error:
                errors.append(TemplateError(error.reason, error.pattern, error.column, number))
        if errors:
            raise TemplateListError(tuple(errors))
        return cls(templates.values())

    def __iter__(self) -> Iterator[Template]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def match(self, text: str) -> Match | None:
        """The best template's match, or None when none fits."""
        return next((match for template in self._ordered if (match := template.match(text))), None)


def _parts(pattern: str) -> Iterator[Part]:
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


def _fit(parts: tuple[Part, ...], text: str) -> tuple[Part, ...] | None:
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


def _pieces(parts: tuple[Part, ...]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    opening = ""
    for part in parts:
        if isinstance(part, Slot):
            pieces.append(Piece(opening + part.text, part.kind))
            opening = ""
            continue
        closing, body, opening = _marks(part.text)
        if pieces:
            pieces[-1] = replace(pieces[-1], text=pieces[-1].text + closing)
        else:
            body = closing + body
        if _speakable(body):
            pieces.append(Piece(body, None))
        else:
            opening = body + opening
    return tuple(replace(piece, text=piece.text.strip()) for piece in pieces)


def _marks(text: str) -> tuple[str, str, str]:
    """Cut fixed text into marks that belong to what precedes it, its own words, marks that belong to what follows."""
    end = len(text)
    while end > 0 and unicodedata.category(text[end - 1]) in _OPENING:
        end -= 1
    start = 0
    while start < end and not text[start].isalnum() and unicodedata.category(text[start]) not in _OPENING:
        start += 1
    return text[:start], text[start:end], text[end:]


def _speakable(text: str) -> bool:
    return any(map(str.isalnum, text))
