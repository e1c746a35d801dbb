"""How often the letter-to-sound model is right about words it has not seen."""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.lexicon.train import train_model
from edge_agent.text.english.lexicon import SPELLED, Lexicon
from edge_agent.text.letters_to_sound import LettersToSound

_HELD_OUT_ONE_IN = 20
_MARKS = str.maketrans("", "", "ˈˌ")


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of wrong words (with and without stress marks) and wrong phonemes, over ``n_words`` unseen words."""

    n_words: int
    word_error: float
    word_error_unstressed: float
    phoneme_error: float
    ms_per_word: float
    model_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.n_words:,} unseen words: word error {self.word_error:.1%}, without stress "
            f"{self.word_error_unstressed:.1%}, phoneme error {self.phoneme_error:.2%}, "
            f"{self.ms_per_word:.2f} CPU-ms a word, model {self.model_bytes:,} bytes"
        )


def pronunciations(path: Path) -> dict[str, str]:
    """Return word (lower-case letters only) to default sounds for the plain words of a lexicon."""
    lexicon = Lexicon(path)
    plain = (word for word in lexicon if word.isascii() and word.isalpha() and len(word) > 1)
    words = (word for word in plain if word in (word.lower(), word.capitalize()))
    entries = ((word.lower(), lexicon.find(word)) for word in words)
    return {word: entry.default for word, entry in entries if entry and entry.default != SPELLED}


def hold_out(words: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split ``words`` into those to train on and the one in twenty, chosen by checksum, to be asked about."""
    held_out = {word: s for word, s in words.items() if zlib.crc32(word.encode()) % _HELD_OUT_ONE_IN == 0}
    return {word: s for word, s in words.items() if word not in held_out}, held_out


def evaluate(training: Mapping[str, str], held_out: Mapping[str, str]) -> Score:
    """Train on one set of pronunciations and return the errors on the other."""
    model = train_model(training)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        path.write_bytes(model)
        reader = LettersToSound(path)
    started = time.process_time()
    readings = [reader.sounds(word) for word in held_out]
    seconds = time.process_time() - started
    n_wrong = sum(reading != truth for reading, truth in zip(readings, held_out.values(), strict=True))
    plain = [(r.translate(_MARKS), t.translate(_MARKS)) for r, t in zip(readings, held_out.values(), strict=True)]
    return Score(
        n_words=len(held_out),
        word_error=n_wrong / len(held_out),
        word_error_unstressed=sum(reading != truth for reading, truth in plain) / len(held_out),
        phoneme_error=sum(distance(r, t) for r, t in plain) / sum(len(truth) for _, truth in plain),
        ms_per_word=1000 * seconds / len(held_out),
        model_bytes=len(model),
    )


def distance(reading: Sequence[str], truth: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions between two sequences (Levenshtein)."""
    row = list(range(len(truth) + 1))
    for i, symbol in enumerate(reading, start=1):
        diagonal, row[0] = row[0], i
        for j, wanted in enumerate(truth, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (symbol != wanted))
    return row[-1]
