"""What an announcement consists of, in order and numbered: chimes, pauses, speech."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.templates import Piece, Template
from edge_agent.text import Chime, Pause, Speech, language, plan, plan_as
from edge_agent.text.errors import TextError


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A chime that a voice's pack brings: mono float32 PCM [n_samples] at the voice's sample rate and the loudness target."""

    name: str
    pcm: NDArray[np.float32]


Item = Speech | Pause | Chime | Sound

READ_AS = {"code": "ticket", "number": "number"}
"""How what fills a slot is read, by the slot's kind; other kinds hold plain text."""


@dataclass(frozen=True, slots=True)
class Script:
    """Segments in the order they are heard; an announcement that was cut resumes at one of their numbers."""

    items: tuple[Item, ...]

    @property
    def speech(self) -> tuple[Speech, ...]:
        return tuple(item for item in self.items if isinstance(item, Speech))


def write_script(
    text: str, lang: str, *, templates: Iterable[Template] = (), chime: str | None = None, repeat: int = 1, gap_s: float = 1.0
) -> Script:
    """Plan a text, by a template's parts where one fits, with its chime before and its repetitions after.

    Args:
        templates: of several that fit the first counts.

    Raises:
        TextError: nothing in it can be spoken, or its SSML is wrong.
    """
    fitting = () if text.lstrip().startswith("<") else (template.match(text) for template in templates)
    match = next(filter(None, fitting), None)
    spoken: list[Item] = []
    if match is not None:
        try:
            spoken = [item for piece in match.pieces for item in _read(piece, text, lang)]
        except TextError:
            spoken = []  # a slot of punctuation only: the sentence as a whole may still be read
    spoken = spoken or list(plan(text, lang).items)
    items: list[Item] = [Chime(chime)] if chime else []
    for turn in range(repeat):
        if turn:
            items.append(Pause(gap_s))
        items += spoken
    return Script(tuple(items))


def _read(piece: Piece, text: str, lang: str) -> tuple[Item, ...]:
    """What a part of ``text`` says; a value by its slot's kind, in the language of the sentence around it."""
    if piece.kind in READ_AS:
        with suppress(TextError):  # a time in a slot for numbers is read as the time it is
            return plan_as(READ_AS[piece.kind], piece.text, language.of(text, "zh") if lang == "auto" else lang).items
    return plan(piece.text, lang).items
