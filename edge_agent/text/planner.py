"""From a text as it arrives to the plan that is synthesized and played."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final, Literal

from edge_agent.text import language, mixed, segments, ssml
from edge_agent.text.errors import NothingSpeakable, SsmlError, TextError
from edge_agent.text.fold import collapse
from edge_agent.text.items import Chime, Item, Pause, Plan, Speech
from edge_agent.text.normaliser import normalise, tidy
from edge_agent.text.say_as import say_as

MAX_CHARACTERS: Final = 20_000
MIN_PHONEMES: Final = 20
"""Smallest `max_phonemes`: below it not every word fits."""

MAX_PHONEMES: Final = 180
_MARKS: Final = r"[\s，。！？；：、,.!?;:…—()（）\[\]【】「」『』《》“”‘’\"']*"
_AROUND: Final = re.compile(rf"({_MARKS})(.*?)({_MARKS})", re.DOTALL)

Lang = Literal["auto", "zh", "en"]


def plan(text: str, lang: Lang = "auto", *, max_phonemes: int = MAX_PHONEMES) -> Plan:
    """What to play for `text`, plain or SSML; every Speech has 1 to `max_phonemes` phonemes, the first one few.

    Raises SsmlError for markup outside the subset, NothingSpeakable if no word or chime is left, TextError if the text
    is longer than `MAX_CHARACTERS`, and ValueError for `max_phonemes` below `MIN_PHONEMES`.
    """
    return _plan(ssml.parse(text, lang) if ssml.is_ssml(text) else _plain(text, lang), max_phonemes)


def plan_as(kind: str, text: str, lang: Literal["zh", "en"]) -> Plan:
    """What to play for plain `text` that is a `kind` of `say_as.READINGS`, with or without punctuation around it.

    Raises TextError if it is nothing of the kind.
    """
    around = _AROUND.fullmatch(text)
    before, inner, after = around.groups() if around else ("", text, "")
    return _plan([ssml.Passage(1.0, 0.0, [ssml.Written(before + say_as(kind, inner, lang) + after, lang)])], MAX_PHONEMES)


def _plan(pieces: Iterable[ssml.Passage | Pause | Chime], max_phonemes: int) -> Plan:
    if max_phonemes < MIN_PHONEMES:
        raise ValueError(f"max_phonemes={max_phonemes}; at least {MIN_PHONEMES}")
    items: list[Item] = []
    for piece in pieces:
        if isinstance(piece, ssml.Passage):
            first = not any(isinstance(item, Speech) for item in items)
            items.extend(
                Speech(segment.text, mixed.script(segment.text), segment.phonemes, piece.rate, piece.gain_db)
                for segment in segments.cut(_spoken(piece), max_phonemes, first=first)
            )
        else:
            items.append(piece)
    items = _without_edge_pauses(items)
    if not any(isinstance(item, (Speech, Chime)) for item in items):
        raise NothingSpeakable("no word to speak: the text is empty or only punctuation, emoji or control characters")
    return Plan(tuple(items))


def _plain(text: str, lang: Lang) -> list[ssml.Passage]:
    text = collapse(text)
    if len(text) > MAX_CHARACTERS:
        raise TextError(f"text of {len(text)} characters; at most {MAX_CHARACTERS}", position=MAX_CHARACTERS)
    return [ssml.Passage(1.0, 0.0, [ssml.Written(text, lang)])]


def _spoken(passage: ssml.Passage) -> str:
    whole = "".join(part.text for part in passage.parts if not isinstance(part, ssml.Given))
    otherwise = language.of(whole, "zh")
    spoken = ""
    for part in passage.parts:
        if isinstance(part, ssml.Given):
            spoken += f" {{{part.phonemes}}} "
        elif isinstance(part, ssml.SayAs):
            spoken += f" {_said_as(part, otherwise)} "
        else:
            spoken += f" {normalise(part.text, part.lang)}"
    return tidy(spoken)


def _said_as(part: ssml.SayAs, otherwise: Literal["zh", "en"]) -> str:
    try:
        return say_as(part.kind, part.text, otherwise if part.lang == "auto" else part.lang)
    except TextError as error:
        raise SsmlError(f"say-as: {error}", line=part.line, column=part.column, position=part.position) from None


def _without_edge_pauses(items: list[Item]) -> list[Item]:
    """No pause at either end; of pauses in a row the longest."""
    merged: list[Item] = []
    for is_pause, run in groupby(items, key=lambda item: isinstance(item, Pause)):
        group = list(run)
        if is_pause:
            longest = max(item.seconds for item in group if isinstance(item, Pause))
            merged.extend([Pause(longest)] if longest > 0 else [])
        else:
            merged.extend(group)
    while merged and isinstance(merged[-1], Pause):
        merged.pop()
    return merged[1:] if merged and isinstance(merged[0], Pause) else merged
