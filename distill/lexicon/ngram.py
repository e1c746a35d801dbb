"""Trains the letter-to-sound model: interpolated Kneser-Ney over joint letter-sound tokens, pruned to a size."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.text.letters_to_sound import BOUNDARY, COST_STEP, FORMAT, extend, fingerprint

Alignment = Sequence[tuple[str, str]]
_UINT64 = NDArray[np.uint64]


@dataclass
class _Level:
    """All n-grams of one length; arrays run in parallel, sorted by ``grams``."""

    grams: _UINT64
    contexts: _UINT64
    suffixes: _UINT64
    """The n-gram without its oldest token: its place in the level below."""
    counts: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def train(alignments: Sequence[Alignment], *, order: int = 6, n_kept: int = 380_000, min_pair_count: int = 30) -> bytes:
    """Return the model file for ``letters_to_sound``.

    Args:
        alignments: (letter, sounds) for each letter of a word, one sequence a word.
        order: longest n-gram.
        n_kept: n-grams left after pruning those whose loss costs least likelihood (count x log ratio to backing off).
        min_pair_count: words that hold a rarer pair of letter and sounds are left out as misaligned.
    """
    pair_counts = Counter(pair for alignment in alignments for pair in alignment)
    pairs = sorted(pair for pair, count in pair_counts.items() if count >= min_pair_count)
    ids = {pair: i + 1 for i, pair in enumerate(pairs)}
    rows = [[ids[p] for p in reversed(a)] for a in alignments if all(p in ids for p in a)]
    levels = _count(rows, order)
    _smooth(levels, len(pairs) + 1)
    grams, costs, backoffs = _prune(levels, n_kept)
    return _packed(grams, costs, backoffs, pairs, order)


def _count(rows: Sequence[Sequence[int]], order: int) -> list[_Level]:
    pad = [BOUNDARY] * (order - 1)
    tokens = np.array([t for row in rows for t in (*pad, *row, BOUNDARY)], np.uint64)
    is_pad = np.array([p for row in rows for p in (*[True] * (order - 1), *[False] * (len(row) + 1))])
    targets = np.flatnonzero(~is_pad)
    levels = []
    for length in range(1, order + 1):
        contexts = _hash(tokens, targets, length - 1, skip_last=1)
        grams = extend(contexts, tokens[targets])
        suffixes = extend(_hash(tokens, targets, length - 2, skip_last=1), tokens[targets]) if length > 1 else grams
        unique, first, counts = np.unique(grams, return_index=True, return_counts=True)
        levels.append(_Level(unique, contexts[first], suffixes[first], counts.astype(float), np.empty(0)))
    for lower, upper in zip(levels, levels[1:], strict=False):
        lower.counts = np.bincount(np.searchsorted(lower.grams, upper.suffixes), minlength=len(lower.grams)).astype(float)
    return levels


def _hash(tokens: _UINT64, targets: NDArray[np.intp], length: int, *, skip_last: int) -> _UINT64:
    hashes = np.zeros(len(targets), np.uint64)
    for back in range(length, 0, -1):
        hashes = extend(hashes, tokens[targets - back - skip_last + 1])
    return hashes


def _smooth(levels: list[_Level], n_tokens: int) -> None:
    lower_probabilities = None
    for level, below in zip(levels, [None, *levels[:-1]], strict=True):
        n_once, n_twice = (level.counts == 1).sum(), (level.counts == 2).sum()
        discount = n_once / (n_once + 2 * n_twice) if n_once and n_twice else 0.5
        _, of_context = np.unique(level.contexts, return_inverse=True)
        total = np.bincount(of_context, level.counts)[of_context]
        n_kinds = np.bincount(of_context)[of_context]
        lower = 1 / n_tokens if below is None else lower_probabilities[np.searchsorted(below.grams, level.suffixes)]
        level.probabilities = (level.counts - discount) / total + discount * n_kinds / total * lower
        lower_probabilities = level.probabilities


def _prune(levels: list[_Level], n_kept: int) -> tuple[_UINT64, NDArray[np.float64], dict[int, float]]:
    """Keep the n-grams worth most, with every prefix and suffix they need, and give contexts the backoff that sums to one."""
    worth = [np.full(len(levels[0].grams), np.inf)]
    for below, level in zip(levels, levels[1:], strict=False):
        lower = below.probabilities[np.searchsorted(below.grams, level.suffixes)]
        worth.append(level.counts * np.abs(np.log(level.probabilities / lower)))
    cut = np.sort(np.concatenate(worth))[::-1][min(n_kept, sum(map(len, worth))) - 1]
    kept = [w >= cut for w in worth]
    for level, below, keep, keep_below in zip(levels[:0:-1], levels[-2::-1], kept[:0:-1], kept[-2::-1], strict=True):
        keep_below[np.searchsorted(below.grams, level.suffixes[keep])] = True
        prefix_at = np.searchsorted(below.grams, level.contexts[keep]).clip(max=len(below.grams) - 1)
        exists = below.grams[prefix_at] == level.contexts[keep]
        keep_below[prefix_at[exists]] = True
    backoffs: dict[int, float] = {}
    for level, below, keep in zip(levels[1:], levels, kept[1:], strict=False):
        lower = below.probabilities[np.searchsorted(below.grams, level.suffixes[keep])]
        contexts, of_context = np.unique(level.contexts[keep], return_inverse=True)
        left = 1 - np.bincount(of_context, level.probabilities[keep])
        left_lower = 1 - np.bincount(of_context, lower)
        weights = np.maximum(left, 1e-6) / np.maximum(left_lower, 1e-6)
        backoffs.update(zip(contexts.tolist(), weights.tolist(), strict=True))
    grams = np.concatenate([level.grams[keep] for level, keep in zip(levels, kept, strict=True)])
    probabilities = np.concatenate([level.probabilities[keep] for level, keep in zip(levels, kept, strict=True)])
    return grams, -np.log(probabilities), backoffs


def _packed(grams: _UINT64, costs: NDArray[np.float64], backoffs: dict[int, float], pairs: list[tuple[str, str]], order: int) -> bytes:
    boundary_contexts = np.array(sorted(set(backoffs) - set(grams.tolist())), np.uint64)
    hashes = np.concatenate([grams, boundary_contexts])
    all_costs = np.concatenate([costs, np.full(len(boundary_contexts), 255 * COST_STEP)])
    all_backoffs = np.array([-np.log(backoffs.get(h, 1.0)) for h in hashes.tolist()])
    keys, first = np.unique(fingerprint(hashes), return_index=True)
    gaps = np.diff(keys, prepend=np.uint32(0)).astype(np.uint32)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        format=FORMAT,
        order=order,
        letters="".join(letter for letter, _ in pairs),
        chunks="\t".join(chunk for _, chunk in pairs),
        gap_planes=np.stack([(gaps >> shift & 255).astype(np.uint8) for shift in (0, 8, 16, 24)]),
        costs=np.rint(all_costs[first] / COST_STEP).clip(0, 255).astype(np.uint8),
        backoffs=np.rint(all_backoffs[first] / COST_STEP).clip(-127, 127).astype(np.int8),
    )
    return file.getvalue()
