"""Which letter makes which sound: every letter of a word takes zero, one or two sounds, by Viterbi training."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

_UNIT = re.compile(r"[ˈˌ]?.")
_VOWEL_LETTERS = frozenset("aeiouy")
_VOWEL_SOUNDS = frozenset("AIOQWYaiuæɐɑɒɔəɛɜɪʊʌᵊᵻ")
_UNSEEN_COST = 16.0
_LONGEST_CHUNK = 2

Costs = Mapping[tuple[str, str], float]


def learn_alignments(pronunciations: Mapping[str, str], *, n_learn: int = 20_000, n_rounds: int = 5) -> Costs:
    """Return the cost (-log p) of a letter making a chunk of sounds, learnt from ``n_learn`` of the words."""
    words = list(pronunciations.items())
    sample = words[:: max(1, len(words) // n_learn)]
    costs: Costs = {}
    for _ in range(n_rounds):
        counts: Counter[tuple[str, str]] = Counter()
        for word, sounds in sample:
            counts.update(align(word, sounds, costs) or ())
        letters: Counter[str] = Counter()
        for (letter, _), count in counts.items():
            letters[letter] += count
        costs = {pair: -math.log(count / letters[pair[0]]) for pair, count in counts.items()}
    return costs


def align(word: str, sounds: str, costs: Costs) -> list[tuple[str, str]] | None:
    """Return (letter, chunk) for each letter of ``word``, or None where there are more sounds than letters can take.

    Without ``costs`` vowels prefer vowels, consonants prefer consonants, and silence costs a little.
    """
    units = _UNIT.findall(sounds)
    n = len(units)
    if not word or n > _LONGEST_CHUNK * len(word):
        return None
    best: dict[int, tuple[float, tuple]] = {0: (0.0, ())}
    for i, letter in enumerate(word):
        left = len(word) - i - 1
        reached: dict[int, tuple[float, tuple]] = {}
        for j, (cost, path) in best.items():
            for size in range(min(_LONGEST_CHUNK, n - j) + 1):
                end = j + size
                if n - end > _LONGEST_CHUNK * left:
                    continue
                chunk = "".join(units[j:end])
                total = cost + (costs.get((letter, chunk), _UNSEEN_COST) if costs else _prior(letter, units[j:end]))
                if end not in reached or total < reached[end][0]:
                    reached[end] = (total, (path, (letter, chunk)))
        best = reached
    if n not in best:
        return None
    return list(_unwound(best[n][1]))[::-1]


def _unwound(path: tuple) -> Iterable[tuple[str, str]]:
    while path:
        path, pair = path
        yield pair


def _prior(letter: str, units: list[str]) -> float:
    if not units:
        return 2.5
    kinds = [(unit[-1] in _VOWEL_SOUNDS) == (letter in _VOWEL_LETTERS) for unit in units]
    same_letter = 0.0 if units[0][-1] == letter else 0.5
    return sum(0.5 if kind else 4.0 for kind in kinds) + (3.0 if len(units) > 1 else 0.0) + same_letter
