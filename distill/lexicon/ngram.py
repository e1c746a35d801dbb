"""Trains the letter-to-sound model: interpolated Kneser-Ney over joint letter-sound tokens, pruned to a size."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge_agent.text.letters_to_sound import BOUNDARY, COST_STEP, FORMAT, extend, fingerprint

Alignment = Sequence[tuple[str, str]]
_UINT64 = NDArray[np.uint64]
_LEAST_MASS = 1e-6


@dataclass
class _Level:
    """All n-grams of one length; arrays run in parallel, sorted by ``grams``."""

    grams: _UINT64
    contexts: _UINT64
    suffixes: _UINT64
    """The n-gram without its oldest token: its place in the level below."""
    counts: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def train(alignments: Sequence[Alignment], *, order: int = 7, n_kept: int = 500_000, min_pair_count: int = 30) -> bytes:
    """Return the model file for ``letters_to_sound``.

    Args:
        alignments: (letter, sounds) for each letter of a word, one sequence a word.
        order: longest n-gram.
        n_kept: n-grams left after pruning those whose loss costs least likelihood (count x log ratio to backing off);
            the contexts they need come on top.
        min_pair_count: words that hold a rarer pair of letter and sounds are left out as misaligned.
    """
    pair_counts = Counter(pair for alignment in alignments for pair in alignment)
    pairs = sorted(pair for pair, count in pair_counts.items() if count >= min_pair_count)
    ids = {pair: i + 1 for i, pair in enumerate(pairs)}
    rows = [[ids[p] for p in reversed(a)] for a in alignments if all(p in ids for p in a)]
    levels = _count(rows, order)
    _smooth(levels, len(pairs) + 1)
    return _packed(_prune(levels, n_kept), pairs, order)


def _count(rows: Sequence[Sequence[int]], order: int) -> list[_Level]:
    """Count n-grams by hash; below the top level, by how many different tokens come before (Kneser-Ney)."""
    pad = [BOUNDARY] * (order - 1)
    tokens = np.array([token for row in rows for token in (*pad, *row, BOUNDARY)], np.uint64)
    is_pad = np.array([i < len(pad) for row in rows for i in range(len(pad) + len(row) + 1)])
    targets = np.flatnonzero(~is_pad)
    levels: list[_Level] = []
    for n in range(1, order + 1):
        contexts = _context(tokens, targets, n - 1)
        grams, first, counts = np.unique(extend(contexts, tokens[targets]), return_index=True, return_counts=True)
        suffixes = extend(_context(tokens, targets[first], max(0, n - 2)), tokens[targets[first]])
        levels.append(_Level(grams, contexts[first], suffixes, counts.astype(float), np.empty(0)))
    for below, level in pairwise(levels):
        n_before = np.bincount(np.searchsorted(below.grams, level.suffixes), minlength=len(below.grams))
        below.counts = n_before.astype(float)
    return levels


def _context(tokens: _UINT64, targets: NDArray[np.intp], length: int) -> _UINT64:
    hashes = np.zeros(len(targets), np.uint64)
    for back in range(length, 0, -1):
        hashes = extend(hashes, tokens[targets - back])
    return hashes


def _smooth(levels: list[_Level], n_tokens: int) -> None:
    below: _Level | None = None
    for level in levels:
        n_once, n_twice = (level.counts == 1).sum(), (level.counts == 2).sum()
        discount = n_once / (n_once + 2 * n_twice) if n_once and n_twice else 0.5
        _, of_context = np.unique(level.contexts, return_inverse=True)
        total = np.bincount(of_context, level.counts)[of_context]
        n_kinds = np.bincount(of_context)[of_context]
        lower = 1 / n_tokens if below is None else _lower_probabilities(below, level)
        level.probabilities = (level.counts - discount) / total + discount * n_kinds / total * lower
        below = level


def _prune(levels: list[_Level], n_kept: int) -> dict[int, tuple[float, float]]:
    """Return hash to (cost, backoff cost) for the n-grams worth most and the contexts they need.

    Backoffs are computed after pruning, so that the probabilities after each context still sum to one.
    """
    lower = [_lower_probabilities(below, level) for below, level in pairwise(levels)]
    worth = [np.full(len(levels[0].grams), np.inf)]
    worth += [level.counts * np.abs(np.log(level.probabilities / p)) for level, p in zip(levels[1:], lower, strict=True)]
    ranked = np.sort(np.concatenate(worth))
    kept = [w >= ranked[max(0, len(ranked) - n_kept)] for w in worth]
    for n in range(len(levels) - 1, 0, -1):
        kept[n - 1] |= np.isin(levels[n - 1].grams, levels[n].contexts[kept[n]])
    backoffs: dict[int, float] = {}
    for level, p, keep in zip(levels[1:], lower, kept[1:], strict=True):
        contexts, of_context = np.unique(level.contexts[keep], return_inverse=True)
        left = 1 - np.bincount(of_context, level.probabilities[keep])
        left_below = 1 - np.bincount(of_context, p[keep])
        weights = np.maximum(left, _LEAST_MASS) / np.maximum(left_below, _LEAST_MASS)
        backoffs.update(zip(contexts.tolist(), (-np.log(weights)).tolist(), strict=True))
    table = {context: (np.inf, backoff) for context, backoff in backoffs.items()}
    for level, keep in zip(levels, kept, strict=True):
        costs = -np.log(level.probabilities[keep])
        table |= {h: (c, backoffs.get(h, 0.0)) for h, c in zip(level.grams[keep].tolist(), costs.tolist(), strict=True)}
    return table


def _lower_probabilities(below: _Level, level: _Level) -> NDArray[np.float64]:
    return below.probabilities[np.searchsorted(below.grams, level.suffixes)]


def _packed(table: dict[int, tuple[float, float]], pairs: list[tuple[str, str]], order: int) -> bytes:
    keys, first = np.unique(fingerprint(np.fromiter(table, np.uint64, len(table))), return_index=True)
    values = np.array(list(table.values()))[first] / COST_STEP
    gaps = np.diff(keys, prepend=np.uint32(0))
    file = io.BytesIO()
    np.savez_compressed(
        file,
        format=FORMAT,
        order=order,
        letters="".join(letter for letter, _ in pairs),
        chunks="\t".join(chunk for _, chunk in pairs),
        gap_planes=np.stack([(gaps >> shift & 255).astype(np.uint8) for shift in (0, 8, 16, 24)]),
        costs=np.rint(values[:, 0].clip(0, 255)).astype(np.uint8),
        backoffs=np.rint(values[:, 1].clip(-127, 127)).astype(np.int8),
    )
    return file.getvalue()
