"""The best monotonic path through a score matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError


class AlignmentError(EdgeAgentError):
    """There are fewer frames than phonemes, or nothing to learn from."""


def monotonic_frames(score: NDArray[np.float32]) -> NDArray[np.int64]:
    """Frames of each token on the path of the highest total score that passes every token in order.

    Monotonic alignment search (Kim et al., Glow-TTS, 2020): dynamic programming over frames.

    Args:
        score: float [frames, tokens], log-probabilities.

    Returns:
        int64 [tokens], each at least 1, summing to the number of frames.

    Raises:
        AlignmentError: fewer frames than tokens.
    """
    frames, tokens = score.shape
    if frames < tokens or tokens == 0:
        raise AlignmentError(f"{tokens} phonemes do not fit into {frames} frames")
    best = np.full(tokens, -np.inf)
    best[0] = score[0, 0]
    moved = np.zeros((frames, tokens), bool)
    for frame in range(1, frames):
        arriving = np.concatenate([[-np.inf], best[:-1]])
        moved[frame] = arriving > best
        best = np.maximum(arriving, best) + score[frame]
    counts = np.zeros(tokens, np.int64)
    token = tokens - 1
    for frame in range(frames - 1, -1, -1):
        counts[token] += 1
        token -= moved[frame, token]
    return counts
