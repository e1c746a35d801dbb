"""Eight bits against float32, judged by scorers of naturalness and by a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from distill.evaluate import Listener, Sentence, evaluate
from distill.evaluate.results import pooled
from distill.evaluate.systems import FolderSystem

_JUDGED = {"mos": "DistillMOS", "pinyin": "pinyin error", "wer": "word error"}


def losses(
    float32: Path,
    integer: Path,
    sentences: Sequence[Sentence],
    listeners: Sequence[Listener],
    out: Path,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> dict[str, float]:
    """How much worse the voice in ``integer`` is than that in ``float32``, by measure and language: positive is worse,
    in opinion points or in percentage points. Clips and answers stay in ``out``."""
    systems = [FolderSystem("float32", float32), FolderSystem("int8", integer)]
    scores = evaluate(systems, sentences, listeners, out, progress=progress)
    found = {}
    for lang in scores.langs:
        for each in pooled(scores, "int8", lang):
            if each.measure.name in _JUDGED and each.over_reference:
                worse = each.over_reference.value if each.measure.better == "lower" else -each.over_reference.value
                found[f"{_JUDGED[each.measure.name]}, {lang},"] = worse
    return found
