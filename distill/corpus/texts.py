"""What the corpus says, as phoneme strings: hand-written sentences first, composed ones after them, prompts of others last."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from distill.corpus.compose import Vocabulary, compose
from distill.listed import listed
from edge_agent import text

CLAUSE_END = re.compile(r"(?<=[，,；;：。！？.!?])")
MAX_PHONEMES = 180
LANGUAGES = ("zh", "en", "mixed")
PROMPTED = ("zh", "en")
"""Languages that :func:`prompts` knows sentences of."""
HELD_OUT = 12
"""Every n-th hand-written sentence is kept for validation and never trained on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to read. ``split`` is ``train`` or ``valid``; ``lang`` one of :data:`LANGUAGES`."""

    text: str
    lang: str
    phonemes: str
    split: str


def hand_written() -> list[tuple[str, str]]:
    """(text, language) of every sentence in ``distill/data``."""
    return [(sentence, lang) for lang in LANGUAGES for sentence in listed(f"sentences_{lang}.txt")]


def prompts(lang: str) -> list[str]:
    """Ordinary sentences of a language, collected by others; there are none in ``mixed``."""
    return listed(f"prompts_{lang}.txt") if lang in PROMPTED else []


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that the daemon may speak as segments of their own; none when there is only one."""
    parts = [part.strip() for part in CLAUSE_END.split(sentence) if part.strip()]
    return parts if len(parts) > 1 else []


def corpus_lines(*, composed: int, seed: int, prompted: Mapping[str, int] | None = None) -> list[Line]:
    """The whole corpus in a fixed order: hand-written sentences shuffled, composed ones mixed with single clauses, and the first
    prompts of each language, so many as ``prompted`` says.

    The first part is worth the teacher's audio most; whoever stops early has the best of it.
    """
    rng = random.Random(seed)
    written = hand_written()
    rng.shuffle(written)
    seen: set[str] = set()
    whole = ((text_, lang, "train" if i % HELD_OUT else "valid") for i, (text_, lang) in enumerate(written))
    lines = list(_lines(whole, seen))
    parts = [
        (clause, lang, "train") for i, (text_, lang) in enumerate(written) if i % HELD_OUT for clause in clauses(text_)
    ]
    data = resources.files("edge_agent.text") / "data"
    vocabulary = Vocabulary(Path(str(data / "zh_words.txt")), Path(str(data / "lexicon_en.tsv")))
    parts += [(text_, lang, "train") for text_, lang in compose(vocabulary, composed, seed)]
    rng.shuffle(parts)
    asked = [(sentence, lang, "train") for lang, count in (prompted or {}).items() for sentence in prompts(lang)[:count]]
    return lines + list(_lines(parts, seen)) + list(_lines(asked, seen))


def to_be_heard(lines: list[Line], first: int, more: Mapping[str, int]) -> tuple[list[Line], list[Line]]:
    """Lines whose audio is wanted, and all others: the first ones, and of a language so many of the others as ``more`` says."""
    wanted, spoken, silent = dict(more), lines[:first], []
    for line in lines[first:]:
        left = wanted.get(line.lang, 0)
        (spoken if left else silent).append(line)
        wanted[line.lang] = max(0, left - 1)
    return spoken, silent


def _lines(items: Iterable[tuple[str, str, str]], seen: set[str]) -> Iterable[Line]:
    """Lines of the items whose phonemes are not yet ``seen``, so that nothing held out is trained on under another spelling."""
    for text_, lang, split in items:
        phonemes = text.phonemes(text_, "auto" if lang == "mixed" else lang)
        if phonemes and len(phonemes) <= MAX_PHONEMES and phonemes not in seen:
            seen.add(phonemes)
            yield Line(text_, lang, phonemes, split)
