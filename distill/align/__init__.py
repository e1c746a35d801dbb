"""Durations for teachers that only give audio: which frames belong to which phoneme, learned from the corpus itself."""

from distill.align.corpus import align_corpus
from distill.align.learn import AlignConfig, Spoken, fit
from distill.align.model import Aligner
from distill.align.search import AlignmentError, monotonic_frames

__all__ = ["AlignConfig", "Aligner", "AlignmentError", "Spoken", "align_corpus", "fit", "monotonic_frames"]
