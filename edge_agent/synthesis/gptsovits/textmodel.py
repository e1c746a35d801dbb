"""Features of Chinese text, from the model that GPT-SoVITS was trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.synthesis.gptsovits.readings import Reading
from edge_agent.synthesis.gptsovits.sessions import cpu_session, run
from edge_agent.synthesis.voice_json import VoiceError

WIDTH = 1024
MAX_CHARACTERS = 510
"""Places the model has, but for the marks at both ends."""


class TextModel:
    """Loaded for a sentence and released after it: it is by far the largest part of a voice, and used once a sentence.

    Args:
        graph: the ONNX file; its weights lie beside it and are read as they lie there.
        vocabulary: the model's own, a token a line.
        threads: that it may use.

    Raises:
        VoiceError: the vocabulary is none.
    """

    def __init__(self, graph: Path, vocabulary: Path, threads: int) -> None:
        self._graph, self._threads = graph, threads
        try:
            tokens = vocabulary.read_text("utf-8").split("\n")
        except (OSError, ValueError) as error:
            raise VoiceError(f"{vocabulary} cannot be read: {error}; install the voice again") from error
        ids = {token.rstrip("\r"): number for number, token in enumerate(tokens)}
        try:
            self._begin, self._end, self._unknown = (ids[token] for token in ("[CLS]", "[SEP]", "[UNK]"))
        except KeyError as error:
            raise VoiceError(f"{vocabulary} lacks {error}: it is no vocabulary of a BERT model") from error
        self._ids = {token: number for token, number in ids.items() if len(token) == 1}

    def features(self, reading: Reading) -> NDArray[np.float32]:
        """A row for every phoneme of ``reading``, float32 [phones, 1024]: those of its character, zeros where it has none.

        Raises:
            SynthesisError: the model cannot be run.
        """
        found = np.zeros((len(reading.phones), WIDTH), np.float32)
        stretches = [each for each in reading.chinese() if len(each.text) <= MAX_CHARACTERS]
        if stretches:
            session = cpu_session(self._graph, self._threads, shared_weights=True)
            for stretch in stretches:
                ids = [self._begin, *(self._ids.get(character, self._unknown) for character in stretch.text), self._end]
                rows = np.repeat(run(session, {"characters": np.array(ids, np.int64)})[0], stretch.counts, axis=0)
                found[stretch.start : stretch.start + len(rows)] = rows
        return found
