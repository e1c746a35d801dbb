"""Cuts spoken text where a voice may breathe, short enough for an engine and for a quick first sound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edge_agent.text import mandarin, mixed, punctuation
from edge_agent.text.zh_words import words

FIRST_MIN: Final = 10
"""Phonemes the first segment should have at least: shorter ones sound clipped."""
TARGET: Final = 110
"""Phonemes at which a later segment is closed at the next breath."""
SHORT: Final = 24
"""A sentence below this takes the next one with it."""

_CLAUSE: Final = re.compile(
    r"(?:[^\s，。！？；：、,.!?;:…—{}]|\{[^{}]*\}|\s|[,.:](?=\w)|(?<=\w)—(?=\w))+[，。！？；：、,.!?;:…—\"'”’)）」』》】]*"
    r"|[，。！？；：、,.!?;:…—]+"
)
_SENTENCE_END: Final = re.compile(r"[。！？!?；;.…]\W*$")
_TOKEN: Final = re.compile(rf"\{{[^{{}}]*\}}|[{mandarin.HAN}]+|[{mixed.LETTER}'’-]+|.", re.DOTALL)


@dataclass(frozen=True)
class Segment:
    """Spoken text and its phonemes, never empty."""

    text: str
    phonemes: str
    is_clause: bool = True


def cut(spoken: str, max_phonemes: int, *, first: bool) -> list[Segment]:
    """`spoken` in segments of at most `max_phonemes` symbols, broken at punctuation, and within a clause only if it
    alone is longer. `first` asks for a short first segment. Clauses without a sound are left out."""
    clauses = [clause for raw in _CLAUSE.findall(spoken) for clause in _fitting(raw.strip(), max_phonemes)]
    segments: list[Segment] = []
    open_: list[Segment] = []
    for clause in clauses:
        if open_:
            size = sum(len(part.phonemes) + 1 for part in open_)
            if size + len(clause.phonemes) > max_phonemes or _closes(open_, size, first and not segments):
                segments.append(_joined(open_))
                open_ = []
        open_.append(clause)
    if open_:
        segments.append(_joined(open_))
    return [exact for segment in segments for exact in _exact(segment, max_phonemes)]


def _closes(open_: list[Segment], size: int, is_first: bool) -> bool:
    if is_first:
        return size >= FIRST_MIN
    return size >= TARGET or (size >= SHORT and _SENTENCE_END.search(open_[-1].text) is not None)


def _exact(segment: Segment, limit: int) -> Iterable[Segment]:
    """Clauses said together may sound otherwise than apart ("the" before a vowel), and so be longer."""
    return [segment] if segment.is_clause else _fitting(segment.text, limit)


def _joined(parts: list[Segment]) -> Segment:
    if len(parts) == 1:
        return parts[0]
    return Segment(_join_text(part.text for part in parts), " ".join(part.phonemes for part in parts), is_clause=False)


def _join_text(texts: Iterable[str]) -> str:
    joined = ""
    for text in texts:
        blank = joined and joined[-1] < "\u2000" and text[0] < "\u2000"
        joined += f" {text}" if blank else text
    return joined


def _fitting(text: str, limit: int) -> Iterator[Segment]:
    """`text` whole if it fits, else in as few runs of words as do."""
    if len(text) > 2 * limit:
        n_phonemes = 2 * len(text)
    else:
        spoken = mixed.phonemes(text)
        n_phonemes = len(spoken)
        if n_phonemes <= limit:
            if any(symbol not in punctuation.SPOKEN and symbol != " " for symbol in spoken):
                yield Segment(text, spoken)
            return
    for part in _split(text, n_phonemes, limit):
        yield from _fitting(part, limit)


def _split(text: str, n_phonemes: int, limit: int) -> list[str]:
    """`text` in about equal runs of words, each likely to fit; a single word in halves."""
    tokens = list(_tokens(text))
    if len(tokens) == 1:
        middle = len(text) // 2
        return [text[:middle], text[middle:]]
    n_parts = -(-n_phonemes // limit)
    size = -(-len(text) // n_parts)
    parts = [""]
    for token in tokens:
        if parts[-1] and len(parts[-1]) + len(token) > size and len(parts) < n_parts + 1:
            parts.append("")
        parts[-1] += token
    stripped = [part.strip() for part in parts if part.strip()]
    if len(stripped) == 1:
        middle = len(tokens) // 2
        return ["".join(tokens[:middle]), "".join(tokens[middle:])]
    return stripped


def _tokens(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if re.match(rf"[{mandarin.HAN}]", token):
            readable = all(map(words().readable, token))
            yield from (word.text for word in words().segment(token)) if readable else token
        else:
            yield token
