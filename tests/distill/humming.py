"""A teacher that needs no weights: every phoneme hums at a pitch of its own. Without torch, so that workers start quickly."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distill.teachers import TeacherError, Utterance
from edge_agent.text.symbols import encode
from tests.distill.sounds import glide

FRAME = 300


@dataclass(frozen=True)
class Humming:
    """Phonemes that contain one of ``faults`` get what it says: ``silence``, ``nan``, ``refusal`` or ``death`` of the process.

    ``with_audio`` False gives the text side alone.
    """

    faults: tuple[tuple[str, str], ...] = ()
    with_audio: bool = True
    sample_rate: int = 24_000

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        fault = next((kind for part, kind in self.faults if part in phonemes), None)
        if fault == "refusal":
            raise TeacherError("refuses to say this")
        if fault == "death":
            os._exit(9)
        ids = np.array(encode(phonemes), np.int64)
        frames = 2 * (1 + ids % 3)
        f0_hz = np.repeat(100.0 + ids % 97, frames) * (np.repeat(ids, frames) > 0)
        audio = glide(np.repeat(f0_hz, FRAME), seed=len(ids))
        audio = {"silence": 0 * audio, "nan": audio * np.nan}.get(fault, audio)
        energy = np.where(f0_hz > 0, 3.0, -5.0)
        return Utterance(
            phonemes, ids, audio if self.with_audio else None, (frames / 2).astype(np.float32), frames, f0_hz.astype(np.float32),
            energy.astype(np.float32),
        )

    def describe(self) -> dict[str, str]:
        return {"name": "humming", "licence": "Apache-2.0"}


def no_teacher() -> Humming:
    raise TeacherError("there is no teacher in this folder")


class Endless(Humming):
    """Says that it speaks by the file that ``HUMMING`` names, and never comes to an end."""

    def speak(self, phonemes: str, text: str = "") -> Utterance:
        Path(os.environ["HUMMING"]).touch()
        while True:
            time.sleep(60)
