"""A GPT-SoVITS voice as a teacher, from its own checkpoints and without a server: it gives audio, all else is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from distill.teachers.audio_only import SAMPLE_RATE, utterance
from distill.teachers.base import TeacherError, Utterance
from distill.teachers.gptsovits_settings import CheckpointSettings
from distill.teachers.heard import ErrorRate, check_heard
from edge_agent.errors import EdgeAgentError
from edge_agent.synthesis.gptsovits import Sampling, symbols
from edge_agent.synthesis.gptsovits.readings import Reading, read
from edge_agent.text import TextError, normalise
from quantize.gptsovits import checkpoint, prompt, reference
from quantize.gptsovits.bake import Voice, bake
from quantize.gptsovits.listening import TextReader, no_features
from quantize.gptsovits.sampling import Generated, generate


class GptSovits:
    """Checkpoints behind the teacher's port. It gives audio only: :mod:`distill.align` finds the durations.

    Args:
        settings: which they are, and how they speak.
        error_rate: rejects takes that are misheard, if given.

    Raises:
        TeacherError: checkpoints, reference or listeners cannot be used.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, settings: CheckpointSettings, *, error_rate: ErrorRate | None = None) -> None:
        self._settings, self._error_rate = settings, error_rate
        listeners = prompt.Listeners(
            *(Path(each) if each else None for each in (settings.hubert, settings.bert, settings.speaker_net))
        )
        try:
            models = checkpoint.load(Path(settings.s1), Path(settings.s2))
            recording = reference.read(Path(settings.reference_audio))
            made = prompt.make(models, recording, settings.reference_text, listeners)
            self._reader = TextReader(listeners.bert) if listeners.bert else None
        except EdgeAgentError as error:
            raise TeacherError(f"this GPT-SoVITS voice cannot teach: {error}") from error
        self._prompt, self._recording_sha256 = made, recording.sha256
        self._voice: Voice = bake(models, made)

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        """See :class:`distill.teachers.base.Teacher`; durations are None.

        Raises:
            TeacherError: the voice cannot read it, or no take was accepted.
        """
        try:
            reading = read(normalise(text) if text else f"{{{phonemes}}}")
            ids = torch.tensor(symbols.encode(reading.phones, self._voice.version[:2]))
        except TextError as error:
            raise TeacherError(f"cannot be read: {error}") from error
        if reading.chinese() and self._reader is None:
            raise TeacherError(f"{text!r} is Chinese, which needs the text model: give bert")
        fault: TeacherError | None = None
        for take in range(self._settings.takes):
            try:
                wave = self._said(reading, ids, self._settings.seed + take)
                said = utterance(phonemes, wave, self._voice.sovits.config.sample_rate)
                return check_heard(said, text, self._error_rate) if text else said
            except TeacherError as error:
                fault = error
        raise TeacherError(f"none of {self._settings.takes} takes is usable: {fault}") from fault

    def describe(self) -> dict[str, str]:
        settings, (s1, s2) = self._settings, self._voice.sha256
        return {
            "name": f"GPT-SoVITS {self._voice.version}",
            "weights": f"{s1} {s2}",
            "reference": f"{self._recording_sha256}: {settings.reference_text}",
            "seed": str(settings.seed),
            "licence": settings.licence,
        }

    def _said(self, reading: Reading, ids: torch.Tensor, seed: int) -> NDArray[np.float32]:
        features = self._reader.features(reading) if self._reader else no_features(reading)
        given = self._prompt
        with torch.inference_mode():
            tokens = _whole(
                generate(
                    self._voice.t2s, torch.cat([given.phones, ids]), torch.cat([given.features, features], 1), given.tokens,
                    Sampling(), seed=seed,
                )
            )  # fmt: skip
            latent = self._voice.sovits.config.latent
            noise = torch.randn(latent, 2 * len(tokens), generator=torch.Generator().manual_seed(seed))
            wave = self._voice.sovits(tokens, ids, noise=noise).wave.numpy()
        return wave / max(1.0, float(np.abs(wave).max()))


def _whole(said: Generated) -> torch.Tensor:
    if not said.ended:
        raise TeacherError("the voice came to no end")
    return said.semantic
