"""Eight bits against float32, judged by scorers of naturalness and by a recogniser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distill.evaluate import Clip, Listener, Sentence, evaluate
from distill.evaluate.results import pooled
from distill.evaluate.systems import sentence_phonemes
from edge_agent.synthesis import Runtime
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import Speech

_JUDGED = {"mos": "DistillMOS", "pinyin": "pinyin error", "wer": "word error"}


class FolderSystem:
    """A voice folder spoken by the device's engine; see :class:`distill.evaluate.systems.System`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.identity = f"voice {hashlib.sha256((folder / 'voice.json').read_bytes()).hexdigest()}"
        self._engine = MobileSoVITSEngine(folder, Runtime("cpu", 1))

    def speak(self, sentence: Sentence) -> Clip:
        """
        Raises:
            EdgeAgentError: the sentence cannot be read, or what came out is not audio.
        """
        segment = Speech(sentence.text, "mixed", sentence_phonemes(sentence))
        return Clip.of(np.concatenate(list(self._engine.synthesize(segment))), self._engine.sample_rate)


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
