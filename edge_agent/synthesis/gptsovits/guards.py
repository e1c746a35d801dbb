"""When a sentence has gone wrong: the model falls silent, repeats itself, or does not find its end."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.synthesis.engine import SynthesisError

MOST_PER_PHONE, MOST_MORE = 8, 50
"""Tokens (1/25 s) that a sentence may have: a third of a second for each phoneme, four times what speech takes, and two
seconds."""
FEWEST_PER_PHONE = 0.5
"""Half of what the fastest speech takes: below it, words were swallowed."""
LONGEST_PERIOD, TURNS, SHORTEST_LOOP = 30, 4, 50
"""A loop is the same row of tokens four times over, and at least two seconds of it."""


class Derailed(SynthesisError):
    """What was spoken is not what was asked for; another seed may do better."""


def most_tokens(n_phones: int) -> int:
    """Tokens after which a sentence of ``n_phones`` has run away."""
    return MOST_PER_PHONE * n_phones + MOST_MORE


def check_running(tokens: Sequence[int], n_phones: int) -> None:
    """
    Raises:
        Derailed: there are too many of them, or they go round in circles.
    """
    if len(tokens) >= most_tokens(n_phones):
        raise Derailed(f"no end after {len(tokens) / 25:.1f} s of {n_phones} phonemes")
    period = loop(tokens)
    if period:
        raise Derailed(f"the same {period / 25:.2f} s over and over")


def check_ended(tokens: Sequence[int], n_phones: int) -> None:
    """
    Raises:
        Derailed: the sentence ended before it can have been said.
    """
    if len(tokens) < FEWEST_PER_PHONE * n_phones:
        raise Derailed(f"only {len(tokens) / 25:.1f} s of {n_phones} phonemes")


def loop(tokens: Sequence[int]) -> int:
    """Length of the row of tokens that the end of ``tokens`` repeats; 0 if it repeats none."""
    for period in range(1, LONGEST_PERIOD + 1):
        length = max(SHORTEST_LOOP, TURNS * period)
        if len(tokens) < length:
            return 0
        tail = tokens[-length:]
        if tail[period:] == tail[:-period]:
            return period
    return 0
