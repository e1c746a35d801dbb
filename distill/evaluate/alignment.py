"""Which frame of one clip corresponds to which of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.clip import Clip
from distill.evaluate.spectrum import RANGE_DB


def frame_map(reference: Clip, other: Clip, reference_db: NDArray[np.float64], other_db: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each frame of ``reference`` the frame of ``other`` that says the same, int64 [frames of reference].

    Where both systems tell how long each phoneme is, phonemes are laid over each other and stretched evenly inside:
    exact, and blind to how good the sound is. Otherwise the spectra (``..._db`` [frames, bands]) are warped.
    """
    if reference.frames is not None and other.frames is not None and len(reference.frames) == len(other.frames):
        found = by_durations(reference.frames, other.frames, len(reference_db))
    else:
        found = by_spectrum(reference_db, other_db)
    return np.clip(found, 0, len(other_db) - 1)


def by_durations(reference: NDArray[np.int64], other: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """``reference``, ``other``: frames of each of the same tokens, [tokens] -> [count]; past the end the last one repeats."""
    token = np.repeat(np.arange(len(reference)), reference)
    inside = np.arange(len(token)) - (np.cumsum(reference) - reference)[token] + 0.5
    start = np.cumsum(other) - other
    found = np.floor(start[token] + inside / reference[token] * other[token]).astype(np.int64)
    return found[np.minimum(np.arange(count), len(found) - 1)]


def by_spectrum(reference_db: NDArray[np.float64], other_db: NDArray[np.float64]) -> NDArray[np.int64]:
    """Dynamic time warping on level-free spectral shape; of several frames on the path the middle one is taken."""
    shapes = []
    for levels in (reference_db, other_db):
        clipped = np.maximum(levels, levels.max() - RANGE_DB)
        shapes.append((clipped - clipped.mean(0)) / (clipped.std() + 1e-9))
    a, b = shapes
    cost = np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0))
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        best = np.minimum(total[i, :-1], total[i, 1:])
        row = total[i + 1]
        for j in range(len(b)):
            row[j + 1] = cost[i, j] + min(best[j], row[j])
    return _walk(total)


def _walk(total: NDArray[np.float64]) -> NDArray[np.int64]:
    i, j = total.shape[0] - 1, total.shape[1] - 1
    visited: list[list[int]] = [[] for _ in range(i)]
    while i > 0:
        visited[i - 1].append(j - 1)
        step = int(np.argmin([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]]))
        i, j = i - (step != 2), j - (step != 1)
    return np.array([columns[len(columns) // 2] for columns in visited], np.int64)
