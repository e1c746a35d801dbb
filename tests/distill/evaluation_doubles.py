"""Systems and listeners that need no weights."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distill.evaluate import Clip, Sentence
from tests.distill.sounds import RATE, sentence


@dataclass
class Speaking:
    """Says something that depends on the sentence; ``base_hz`` makes another voice of it."""

    name: str
    base_hz: float = 200.0
    identity: str = "double 1"

    def speak(self, asked: Sentence) -> Clip:
        return Clip.of(sentence(0.5, base_hz=self.base_hz, seed=zlib.crc32(asked.key.encode())), RATE)


@dataclass
class Answering:
    """Answers from a list by clip, or always the same, and counts how often it was asked."""

    name: str
    answer: Any
    identity: str = "double 1"
    asked: list[str] = field(default_factory=list)

    def listen(self, clip: Clip, lang: str) -> Any:
        self.asked.append(clip.digest)
        return self.answer(clip, lang) if callable(self.answer) else self.answer


def unit_vector(angle: float) -> list[float]:
    return [float(np.cos(angle)), float(np.sin(angle))]
