"""How the next token is chosen: the original's order of operations, in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sampling:
    """``top_p`` 1 and ``repetition_penalty`` 1 switch these off; ``top_k`` 1 takes the likeliest.

    Raises:
        ValueError: naming the setting and its range.
    """

    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35

    def __post_init__(self) -> None:
        if isinstance(self.top_k, bool) or not isinstance(self.top_k, int) or self.top_k < 1:
            raise ValueError(f"top_k = {self.top_k!r}; expected a whole number from 1")
        for name, high in (("top_p", 1), ("temperature", 100), ("repetition_penalty", 100)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= high:
                raise ValueError(f"{name} = {value!r}; expected above 0 and at most {high}")


def penalise(logits: Float, previous: NDArray[np.int64], penalty: float) -> Float:
    """Make every distinct token of ``previous`` [n] less likely, once; ``logits`` [vocab] stay as they are."""
    if penalty == 1 or not len(previous):
        return logits
    changed = logits.copy()
    seen = previous[previous < len(logits)]
    scores = logits[seen]
    changed[seen] = np.where(scores < 0, scores * np.float32(penalty), scores / np.float32(penalty))
    return changed


def probabilities(penalised: Float, how: Sampling) -> Float:
    """Penalised logits [vocab] to probabilities: top-p of the untempered ones, then temperature, then top-k.

    Top-p keeps a token only while the sum up to and with it is at most ``top_p``, and always the likeliest.
    """
    logits = penalised
    if how.top_p < 1:
        order = np.argsort(-logits, kind="stable")
        beyond = np.cumsum(_softmax(logits[order]), dtype=np.float32) > how.top_p
        beyond[0] = False
        logits = logits.copy()
        logits[order[beyond]] = -np.inf
    logits = logits / np.float32(max(how.temperature, 1e-5))
    if how.top_k < len(logits):
        least = np.partition(logits, -how.top_k)[-how.top_k]
        logits = np.where(logits < least, np.float32(-np.inf), logits)
    return _softmax(logits)


def draw(p: Float, random: np.random.Generator) -> int:
    """A token by the exponential race: the largest of ``p`` [vocab] over Exp(1) noise, which is a draw from ``p``."""
    # the noise is 0 once in some million draws, and 0 / 0 would win the race
    noise = np.maximum(random.standard_exponential(len(p), np.float32), np.finfo(np.float32).tiny)
    return int(np.argmax(p / noise))


class Chooser:
    """Chooses token after token, and knows when a sentence ends. The same seed and logits give the same tokens.

    Args:
        how: settings.
        eos: id of the end token, the last of the vocabulary.
        prompt: tokens that count as said, int64 [n].
        seed: of the noise.
        steps: tokens chosen before, by another one.
    """

    MIN_TOKENS = 11
    """The end token cannot be chosen before so many."""

    def __init__(
        self, how: Sampling, eos: int, prompt: Sequence[int] | NDArray[np.int64], seed: int | Sequence[int], steps: int = 0
    ) -> None:
        self._how, self._eos = how, eos
        self._said = np.zeros(eos + 1, bool)
        self._said[np.asarray(prompt, np.int64)] = True
        self._random = np.random.default_rng(seed)
        self._steps = steps

    def choose(self, logits: Float) -> int | None:
        """The token after raw ``logits`` [vocab], or None at the end: when the end token is drawn, or is the likeliest."""
        allowed = logits[: self._eos] if self._steps < self.MIN_TOKENS else logits
        penalised = penalise(allowed, np.flatnonzero(self._said), self._how.repetition_penalty)
        likeliest = int(penalised.argmax())
        token = likeliest if self._how.top_k == 1 else draw(probabilities(penalised, self._how), self._random)
        self._steps += 1
        if self._eos in (token, likeliest):
            return None
        self._said[token] = True
        return token


def _softmax(logits: Float) -> Float:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()
