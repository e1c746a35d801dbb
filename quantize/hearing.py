"""Eight bits against float32, judged by scorers of naturalness and by a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from distill.evaluate import Listener, Sentence, bootstrap, evaluate
from distill.evaluate.bootstrap import Interval
from distill.evaluate.results import Scores, pooled
from distill.evaluate.systems import FolderSystem

ALL = "DistillMOS, all,"
_JUDGED = {"mos": "DistillMOS", "pinyin": "pinyin error", "wer": "word error"}


def losses(
    float32: Path,
    integer: Path,
    sentences: Sequence[Sentence],
    listeners: Sequence[Listener],
    out: Path,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> dict[str, Interval]:
    """How much worse the voice in ``integer`` is than that in ``float32``, by measure and language, and for DistillMOS also over
    the sentences of all languages: positive is worse, in opinion points or in percentage points, with the bounds that hold it with
    95 % confidence, both voices on the same sentences. Clips and answers stay in ``out``."""
    systems = [FolderSystem("float32", float32), FolderSystem("int8", integer)]
    scores = evaluate(systems, sentences, listeners, out, progress=progress)
    found = {}
    for lang in scores.langs:
        for each in pooled(scores, "int8", lang):
            if each.measure.name in _JUDGED and each.over_reference:
                gap = each.over_reference
                found[f"{_JUDGED[each.measure.name]}, {lang},"] = gap if each.measure.better == "lower" else _turned(gap)
    overall = _overall(scores)
    return found if overall is None else {**found, ALL: overall}


def _overall(scores: Scores) -> Interval | None:
    ours, theirs = ({row.key: row.measures.get("mos") for row in scores.rows if row.system == name} for name in ("int8", "float32"))
    keys = [key for key in ours if ours[key] and theirs[key]]
    if not keys:
        return None
    return bootstrap.difference(*zip(*(theirs[key] for key in keys), strict=True), *zip(*(ours[key] for key in keys), strict=True))


def _turned(gap: Interval) -> Interval:
    return Interval(-gap.value, -gap.high, -gap.low)
