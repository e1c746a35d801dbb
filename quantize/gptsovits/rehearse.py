"""A voice speaks a few sentences before it is built: for the ranges of its activations, its loudness and its golden phrase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.gptsovits.guards import most_tokens
from edge_agent.synthesis.gptsovits.readings import read
from edge_agent.synthesis.gptsovits.sampling import Chooser, Sampling
from edge_agent.synthesis.gptsovits.stream import NOISE_SCALE, Stage2
from edge_agent.synthesis.gptsovits.symbols import encode
from edge_agent.synthesis.gptsovits.textmodel import WIDTH
from edge_agent.synthesis.gptsovits.transformer import Transformer
from quantize.gptsovits.bake import Voice
from quantize.gptsovits.config import N_CODES

TEXTS = (
    "请三十七号顾客到五号窗口办理业务，谢谢您的配合。",
    "各位旅客请注意，开往上海虹桥的列车即将进站。",
    "温馨提示：雨天路滑，小心台阶！",
    "The train to the airport leaves from platform nine.",
    "Please keep your belongings with you at all times.",
)
MAX_TOKENS = 250
"""Ten seconds of a sentence; a voice that finds no end has shown its ranges by then."""


@dataclass(frozen=True, slots=True)
class Line:
    """``phones`` of a text, and the ``tokens`` that the voice says it with."""

    phones: list[int]
    tokens: list[int]


class Rehearsal:
    """A voice's graphs in memory.

    Args:
        transformer, stage: made of the voice.
        sampling: how tokens are drawn.
    """

    def __init__(self, voice: Voice, transformer: Transformer, stage: Stage2, sampling: Sampling, seed: int) -> None:
        self._voice, self._transformer, self._stage, self._sampling, self._seed = voice, transformer, stage, sampling, seed

    def say(self, text: str) -> Line:
        """Normalised ``text``, or phonemes in braces."""
        phones = encode(read(text).phones, "v1" if self._voice.version == "v1" else "v2")
        prompt = self._voice.prompt.numpy()
        chooser = Chooser(self._sampling, N_CODES, prompt, [self._seed, 1])
        logits, tokens = self._start(phones), []
        while len(tokens) < min(MAX_TOKENS, most_tokens(len(phones))) and (token := chooser.choose(logits)) is not None:
            tokens.append(token)
            logits = self._transformer.step(token)
        return Line(phones, tokens)

    def likeliest(self, line: Line) -> list[int]:
        """The likeliest token in the place of each of ``line``."""
        logits, found = self._start(line.phones), []
        for token in line.tokens:
            found.append(int(logits[:N_CODES].argmax()))
            logits = self._transformer.step(token)
        return found

    def latents(self, line: Line) -> NDArray[np.float32]:
        """What the decoder is given, [latent, frames]."""
        mean, log_std = self._stage.prior(line.tokens, self._stage.text(line.phones))
        noise = np.random.default_rng(self._seed).standard_normal(mean.shape, np.float32)
        return self._stage.flow(mean + noise * np.exp(log_std) * np.float32(NOISE_SCALE))

    def lines(self) -> Iterator[Line]:
        """:data:`TEXTS`, and the reference itself where there is one."""
        if len(self._voice.prompt) and len(self._voice.reference_phones):
            yield Line(self._voice.reference_phones.tolist(), self._voice.prompt.tolist())
        yield from map(self.say, TEXTS)

    def _start(self, phones: list[int]) -> NDArray[np.float32]:
        voice = self._voice
        features = np.zeros((len(phones), WIDTH), np.float32)
        return self._transformer.start(voice.reference_rows.numpy(), np.array(phones, np.int64), features, voice.prompt.numpy())
