"""From pronunciations to the letter-to-sound model file."""

from __future__ import annotations

from collections.abc import Mapping

from distill.lexicon import ngram
from distill.lexicon.align import align, learn_alignments


def train_model(words: Mapping[str, str]) -> bytes:
    """Return the model file for ``words`` (word to sounds); the same words give the same bytes. About half a minute."""
    costs = learn_alignments(words)
    alignments = (align(word, sounds, costs) for word, sounds in words.items())
    return ngram.train([alignment for alignment in alignments if alignment])
