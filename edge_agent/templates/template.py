"""One template, and how a text fills it."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.templates.errors import TemplateError
from edge_agent.templates.fitting import fit
from edge_agent.templates.parts import Part, Slot, speakable
from edge_agent.templates.pattern import read_parts
from edge_agent.templates.pieces import Piece, pieces_of

MAX_PATTERN_CHARS = 500
MAX_SLOTS = 16


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
        """What to speak one after the other, each cached by itself. A unit in letters belongs into the slot: ``{distance}``, not
        ``{n}km``."""
        return pieces_of(self.parts)


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
        parts = tuple(read_parts(pattern))
        slots = [part for part in parts if isinstance(part, Slot)]
        if not slots:
            raise TemplateError("there is no slot; a phrase that never changes belongs into the phrase list", pattern)
        if len(slots) > MAX_SLOTS:
            raise TemplateError(f"more than {MAX_SLOTS} slots", pattern)
        if not any(speakable(part.text) for part in parts):
            raise TemplateError("there is nothing to speak beside the slots", pattern)
        return cls(pattern, parts)

    @property
    def n_fixed(self) -> int:
        """Fixed characters: how much a match says about the text."""
        return sum(len(part.text) for part in self.parts)

    @property
    def fixed_texts(self) -> tuple[str, ...]:
        """The pieces that every match speaks, so that they can be made ahead."""
        return tuple(piece.text for piece in pieces_of(self.parts) if piece.kind is None)

    def match(self, text: str) -> Match | None:
        """Fit ``text``, without the white space around it; of several ways the one with the shortest early slots."""
        text = text.strip()
        # A slot's own text is empty here; this spares most templates of a long list the full fit.
        if not (text.startswith(self.parts[0].text) and text.endswith(self.parts[-1].text)):
            return None
        parts = fit(self.parts, text)
        if parts is None or not all(speakable(part.text) for part in parts if isinstance(part, Slot)):
            return None
        return Match(self, parts)
