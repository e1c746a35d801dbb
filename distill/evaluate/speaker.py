"""Whose voice a clip is: the 256-d GE2E vector of Resemblyzer (Apache-2.0, weights inside the package)."""

from __future__ import annotations

from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from distill.evaluate import _shims
from distill.evaluate.clip import Clip
from distill.evaluate.errors import require
from distill.evaluate.listeners import LISTENING_RATE
from distill.evaluate.sentences import Lang

DIMENSIONS = 256


class Speaker:
    """Listener that answers with a speaker vector. The cosine of two vectors of one voice is 0.90 to 0.95, of two
    voices 0.53 to 0.77.

    Raises:
        MissingExtra: torch or resemblyzer is absent.
    """

    name = "speaker"

    def __init__(self) -> None:
        require(self.name, ["torch", "resemblyzer"])

    @cached_property
    def identity(self) -> str:
        return f"resemblyzer {metadata.version('resemblyzer')}"

    def listen(self, clip: Clip, lang: Lang) -> list[float]:
        return [round(float(value), 6) for value in self.vector(clip.wave(LISTENING_RATE))]

    def vector(self, wave16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """``wave16k`` [samples] at 16 kHz -> unit-norm float32 [256]; zeros if there is no speech in it."""
        voice = self._prepare(wave16k, source_sr=LISTENING_RATE) if np.abs(wave16k).max(initial=0) > 0 else wave16k[:0]
        if not len(voice):
            return np.zeros(DIMENSIONS, np.float32)
        return self._encoder.embed_utterance(voice).astype(np.float32)

    @cached_property
    def _encoder(self) -> Any:
        _shims.for_resemblyzer()
        from resemblyzer import VoiceEncoder

        return VoiceEncoder("cpu", verbose=False)

    @cached_property
    def _prepare(self) -> Any:
        _shims.for_resemblyzer()
        from resemblyzer import preprocess_wav

        return preprocess_wav


def speaker_vector(wave: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The voice of ``wave`` [samples] as unit-norm float32 [256]: what a student is conditioned on.

    Half a minute of speech gives a steadier vector than one sentence. Zeros if there is no speech in it.

    Raises:
        MissingExtra: torch or resemblyzer is absent.
    """
    if sample_rate != LISTENING_RATE:
        wave = soxr.resample(wave.astype(np.float32), sample_rate, LISTENING_RATE)
    return Speaker().vector(wave.astype(np.float32))
