"""How good a voice is: sentences nobody trained on, spoken, listened to and measured against the teacher."""

from distill.evaluate.clip import Clip
from distill.evaluate.errors import EvaluationError, MissingExtra
from distill.evaluate.listeners import Listener, Remembering
from distill.evaluate.results import Scores, load, table
from distill.evaluate.run import evaluate
from distill.evaluate.sentences import LANGS, Sentence, evaluation_set
from distill.evaluate.speaker import speaker_vector

__all__ = [
    "LANGS",
    "Clip",
    "EvaluationError",
    "Listener",
    "MissingExtra",
    "Remembering",
    "Scores",
    "Sentence",
    "evaluate",
    "evaluation_set",
    "load",
    "speaker_vector",
    "table",
]
