"""Systems speak, listeners listen, numbers are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from distill.evaluate import results
from distill.evaluate.clip import Clip
from distill.evaluate.errors import EvaluationError
from distill.evaluate.listeners import Listener
from distill.evaluate.measures import answer_measures, heard_measures, signal_measures
from distill.evaluate.results import Row, Scores
from distill.evaluate.sentences import Sentence
from distill.evaluate.systems import System

LISTENERS = ("recognition", "mos", "speaker")

Progress = Callable[[Iterable[Any]], Iterable[Any]]


def evaluate(
    systems: Sequence[System],
    sentences: Sequence[Sentence],
    listeners: Sequence[Listener],
    out: Path,
    *,
    reference: str | None = None,
    progress: Progress = iter,
) -> Scores:
    """Let every system speak every sentence and score it; WAV files and ``scores.json`` go to ``out``.

    Args:
        listeners: see :mod:`distill.evaluate.listeners`; wrap them in ``Remembering`` to pay once a clip.
        reference: name of the system the others are compared with, the first by default.
        progress: wraps the loop over sentences, for a progress bar.

    Raises:
        EvaluationError: no or doubly named systems, an unknown reference, no sentences, a system that says nothing.
    """
    names = [system.name for system in systems]
    reference = reference or (names[0] if names else "")
    if len(set(names)) != len(names) or reference not in names or not sentences:
        raise EvaluationError(f"need differently named systems, the reference among them, and sentences: {names}, {reference!r}")
    scores = Scores(
        reference,
        {system.name: system.identity for system in systems},
        {listener.name: listener.identity for listener in listeners},
        tuple(name for name in LISTENERS if name not in {listener.name for listener in listeners}),
    )
    for sentence in progress(sentences):
        clips = {system.name: _speak(system, sentence) for system in systems}
        answers = {
            name: {listener.name: listener.listen(clip, sentence.lang) for listener in listeners}
            for name, clip in clips.items()
        }
        for name, clip in clips.items():
            wav = f"{name}/{sentence.key}.wav"
            clip.write(out / wav)
            measures = _measures(sentence, clip, clips[reference], answers[name], answers[reference])
            heard = answers[name].get("recognition")
            row = Row(name, sentence.key, sentence.lang, sentence.text, wav, round(clip.seconds, 3), heard, measures)
            scores.rows.append(row)
    results.save(scores, out)
    return scores


def _speak(system: System, sentence: Sentence) -> Clip:
    clip = system.speak(sentence)
    if not len(clip.audio):
        raise EvaluationError(f"{system.name} gives no samples at all for {sentence.key}: {sentence.text!r}")
    return clip


def _measures(
    sentence: Sentence, clip: Clip, reference: Clip, answers: dict[str, Any], reference_answers: dict[str, Any]
) -> dict[str, tuple[float, float]]:
    found = heard_measures(sentence, answers["recognition"]) if "recognition" in answers else {}
    found |= answer_measures(answers, reference_answers)
    return found | signal_measures(clip, reference)
