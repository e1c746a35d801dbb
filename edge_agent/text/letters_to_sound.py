"""How an English word that no dictionary has probably sounds.

A joint n-gram model (Bisani and Ney, 2008) over pairs of one letter and the sounds it makes, read from the last letter
to the first because English endings decide the stress. The model is a table of hashed n-grams, so that a few hundred
thousand of them fit into two megabytes; ``distill.lexicon`` trains it.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.text.errors import TextError

FORMAT = 1
COST_STEP = 1 / 4
"""Costs (-log p, nats) are whole numbers of this step, a byte each."""
BOUNDARY = 0
"""Token id of the word's edge."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_BEAM = 12
_BUCKET_BITS = 18


class LettersToSoundError(TextError):
    """The model file is missing or damaged."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"letter-to-sound model {path}: {problem}; reinstall the package")
        self.path = path


def extend(contexts: NDArray[np.uint64], tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each n-gram made of a context (a hash; 0 when empty) and one more token; broadcasts."""
    return (contexts + tokens + np.uint64(1)) * _MULTIPLIER


def fingerprint(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the 32 bits by which an n-gram is found in the table."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _joined(planes: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Put the four bytes of each number, stored apart because they compress better so, together."""
    return np.ascontiguousarray(planes.T).view("<u4")[:, 0]


@dataclass(frozen=True, slots=True)
class _Beam:
    """The best readings so far, ``n`` of them, cheapest first."""

    costs: NDArray[np.int32]
    """-log p in cost steps, ``[n]``."""
    contexts: NDArray[np.uint64]
    """Hashes of the last 0, 1, ... order - 1 tokens, ``[n, order]``."""
    backoffs: NDArray[np.int32]
    """Cost of falling back from each of these contexts to the next shorter one, ``[n, order]``."""
    tokens: list[tuple[int, ...]]


class LettersToSound:
    """The trained model. All costs are whole numbers, so every machine gives the same reading."""

    def __init__(self, path: Path) -> None:
        """Raises:
        LettersToSoundError: the file is missing, damaged, or of another format.
        """
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                if int(file["format"]) != FORMAT:
                    raise ValueError(f"format {int(file['format'])}, expected {FORMAT}")
                self._order = int(file["order"])
                letters, chunks = str(file["letters"]), str(file["chunks"]).split("\t")
                gaps = _joined(file["gap_planes"])
                costs, backoffs = file["costs"], file["backoffs"]
                if not len(gaps) == len(costs) == len(backoffs) or len(letters) != len(chunks):
                    raise ValueError("its tables are of different lengths")
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise LettersToSoundError(path, str(error)) from error
        # One more entry than there are n-grams, so that a search always ends on one.
        self._keys = np.append(np.cumsum(gaps, dtype=np.uint32), np.uint32(2**32 - 1))
        self._costs = np.append(costs, np.uint8(255))
        self._backoffs = np.append(backoffs, np.int8(0))
        first_keys = np.arange(1 << _BUCKET_BITS, dtype=np.uint32) << (32 - _BUCKET_BITS)
        self._buckets = np.searchsorted(self._keys, first_keys).astype(np.int32)
        self._chunks = ["", *chunks]
        tokens: dict[str, list[int]] = {}
        for token, letter in enumerate(letters, start=1):
            tokens.setdefault(letter, []).append(token)
        self._candidates = {letter: np.array(ids, np.uint64) for letter, ids in tokens.items()}

    def sounds(self, word: str) -> str:
        """Return the sounds of ``word`` with stress marks; letters outside a to z are passed over.

        A word without such a letter, or in which none of them makes a sound, gives ``""``.
        """
        beam = self._start
        for letter in reversed(word.lower()):
            if letter in self._candidates:
                beam = self._read(beam, self._candidates[letter])
        beam = self._read(beam, np.array([BOUNDARY], np.uint64))
        readings = ["".join(self._chunks[token] for token in reversed(tokens)) for tokens in beam.tokens]
        return next((reading for reading in readings if reading.count("ˈ") == 1), readings[0])

    @cached_property
    def _start(self) -> _Beam:
        contexts = np.zeros((1, self._order), np.uint64)
        for length in range(1, self._order):
            contexts[:, length] = extend(contexts[:, length - 1], np.uint64(BOUNDARY))
        is_known, at = self._find(contexts)
        return _Beam(np.zeros(1, np.int32), contexts, self._fallbacks(is_known, at), [()])

    def _read(self, beam: _Beam, candidates: NDArray[np.uint64]) -> _Beam:
        """Extend every reading by every candidate token and keep the best.

        The n-grams looked up for a token are the contexts of the next one, so each is searched for once.
        """
        n_grams = extend(beam.contexts[:, None, :], candidates[:, None])
        is_known, at = self._find(n_grams)
        longest = self._order - 1 - is_known[..., ::-1].argmax(2)
        # Falling back from the longest context to the one in use costs the sum of the steps between them.
        falls = beam.backoffs[:, ::-1].cumsum(1)[:, ::-1] - beam.backoffs
        reading = np.arange(len(beam.costs))[:, None]
        steps = at[reading, np.arange(len(candidates)), longest]
        costs = beam.costs[:, None] + self._costs[steps] + falls[reading, longest]
        best = costs.ravel().argsort(kind="stable")[:_BEAM]
        rows, columns = np.divmod(best, len(candidates))
        contexts = np.zeros((len(best), self._order), np.uint64)
        contexts[:, 1:] = n_grams[rows, columns, :-1]
        backoffs = np.zeros((len(best), self._order), np.int32)
        backoffs[:, 1:] = self._fallbacks(is_known[rows, columns, :-1], at[rows, columns, :-1])
        tokens = [(*beam.tokens[row], token) for row, token in zip(rows.tolist(), candidates[columns].tolist(), strict=True)]
        return _Beam(costs[rows, columns], contexts, backoffs, tokens)

    def _fallbacks(self, is_known: NDArray[np.bool_], at: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.where(is_known, self._backoffs[at], 0).astype(np.int32)

    def _find(self, n_grams: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Return whether each n-gram is in the table, and where: its leading bits name a short bucket."""
        wanted = fingerprint(n_grams)
        at = self._buckets[wanted >> (32 - _BUCKET_BITS)]
        keys = self._keys.take(at)
        while (is_smaller := keys < wanted).any():
            at += is_smaller
            keys = self._keys.take(at)
        return keys == wanted, at
