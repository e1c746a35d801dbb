"""How sure a score is: percentile bootstrap over sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the bounds that hold it with 95 % confidence."""

    value: float
    low: float
    high: float


def ratio(amounts: ArrayLike, totals: ArrayLike, seed: int = 0) -> Interval:
    """``sum(amounts) / sum(totals)``, resampling sentences.

    With totals of 1 that is a mean (of MOS, say); with counted errors and lengths an error rate, in which long
    sentences rightly weigh more. ``amounts``, ``totals`` [sentences].
    """
    pairs = _pairs(amounts, totals)
    return _interval(_ratios(pairs[None])[0], _ratios(_resampled(pairs, seed)))


def difference(
    amounts: ArrayLike, totals: ArrayLike, other_amounts: ArrayLike, other_totals: ArrayLike, seed: int = 0
) -> Interval:
    """:func:`ratio` of one system minus that of another on the same sentences in the same order.

    Both are resampled together: what makes a sentence hard for both cancels out, so this interval is narrower than the
    two apart would suggest.
    """
    pairs = np.concatenate([_pairs(amounts, totals), _pairs(other_amounts, other_totals)], -1)

    def gap(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return _ratios(rows[..., :2]) - _ratios(rows[..., 2:])

    return _interval(gap(pairs[None])[0], gap(_resampled(pairs, seed)))


def _pairs(amounts: ArrayLike, totals: ArrayLike) -> NDArray[np.float64]:
    pairs = np.stack([np.asarray(amounts, np.float64), np.asarray(totals, np.float64)], -1)
    if pairs.ndim != 2 or not len(pairs):
        raise ValueError(f"need one amount and one total for each sentence, got shape {pairs.shape}")
    if not (pairs[:, 1] > 0).all():
        raise ValueError("every total must be positive")
    return pairs


def _resampled(pairs: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    return pairs[np.random.default_rng(seed).integers(len(pairs), size=(RESAMPLES, len(pairs)))]


def _ratios(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = rows.sum(-2)
    return sums[..., 0] / sums[..., 1]


def _interval(value: float, samples: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(value), float(low), float(high))
