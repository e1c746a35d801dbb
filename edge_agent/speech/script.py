"""What an announcement consists of, in order and numbered: chimes, pauses, speech."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.templates import Templates
from edge_agent.text import Chime, Pause, Speech, plan
from edge_agent.text.errors import TextError

Item = Speech | Pause | Chime


@dataclass(frozen=True, slots=True)
class Script:
    """Segments in the order they are heard; an announcement that was cut resumes at one of their numbers."""

    items: tuple[Item, ...]

    @property
    def speech(self) -> tuple[Speech, ...]:
        return tuple(item for item in self.items if isinstance(item, Speech))


def write_script(
    text: str, lang: str, *, templates: Templates | None = None, chime: str | None = None, repeat: int = 1, gap_s: float = 1.0
) -> Script:
    """Plan a text, by a template's parts where one fits, with its chime before and its repetitions after.

    Raises:
        TextError: nothing in it can be spoken, or its SSML is wrong.
    """
    match = templates.match(text) if templates and not text.lstrip().startswith("<") else None
    spoken: list[Item] = []
    if match is not None:
        try:
            spoken = [item for piece in match.pieces for item in plan(piece.text, lang).items]
        except TextError:
            spoken = []  # a slot of punctuation only: the sentence as a whole may still be read
    spoken = spoken or list(plan(text, lang).items)
    items: list[Item] = [Chime(chime)] if chime else []
    for turn in range(repeat):
        if turn:
            items.append(Pause(gap_s))
        items += spoken
    return Script(tuple(items))
