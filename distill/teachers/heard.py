"""Whether a take says what it was asked to say, by a recogniser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.clip import Clip
from distill.evaluate.recognition import Recogniser
from distill.evaluate.text_errors import english_errors, mixed_errors
from distill.teachers.audio_only import SAMPLE_RATE
from distill.teachers.base import TeacherError, Utterance

ErrorRate = Callable[[NDArray[np.float32], str], float]
"""(audio [samples] at 24 kHz, text) -> share of the text that a recogniser misheard, 0 when all is right."""

WORST_ERROR = 0.15


def error_rate(whisper: str) -> ErrorRate | None:
    """Of the recogniser in the folder ``whisper``; None without one.

    Raises:
        MissingExtra: the score extra or the model's files are absent.
    """
    if not whisper:
        return None
    recogniser = Recogniser(Path(whisper))

    def misheard(audio: NDArray[np.float32], text: str) -> float:
        english = text.isascii()
        heard = recogniser.listen(Clip.of(audio, SAMPLE_RATE), "en" if english else "mixed")
        errors, total = english_errors(text, heard)["wer"] if english else mixed_errors(text, heard)["pinyin"]
        return errors / total if total else 0.0

    return misheard


def check_heard(said: Utterance, text: str, error_rate: ErrorRate | None) -> Utterance:
    """``said`` itself, if no recogniser is asked or it hears the text.

    Raises:
        TeacherError: it is misheard by more than :data:`WORST_ERROR`.
    """
    error = error_rate(said.audio, text) if error_rate is not None else 0.0
    if error > WORST_ERROR:
        raise TeacherError(f"misheard by {error:.0%}: {text!r}")
    return said
