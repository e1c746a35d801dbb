"""Graphs run side by side on the same sentence, so that only what differs between them is heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto

from distill.student import StudentConfig
from edge_agent.synthesis.mobilesovits import frames
from edge_agent.synthesis.mobilesovits.engine import MAX_UNITS
from edge_agent.synthesis.mobilesovits.source import HarmonicSource, OverlapAdd, noise_bank
from edge_agent.text.symbols import encode
from quantize.errors import QuantizeError
from quantize.weights import FILE

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence spoken by one set of graphs.

    ``units`` int64 [tokens] of 25 ms; ``f0_hz`` [frames] as these graphs predict it; ``wave`` [samples].
    """

    phonemes: str
    units: NDArray[np.int64]
    f0_hz: Float
    wave: Float


class Voice:
    """``text``, ``prosody`` and ``decoder`` in memory."""

    def __init__(self, config: StudentConfig, sessions: Mapping[str, ort.InferenceSession]) -> None:
        self._config = config
        self._sessions = sessions

    @classmethod
    def of(cls, config: StudentConfig, models: Mapping[str, ModelProto], weights: bytes) -> Voice:
        """From graphs and the content of the file that their tensors lie in."""
        return cls(config, {name: session(model, weights) for name, model in models.items()})

    def with_graph(self, name: str, model: ModelProto, weights: bytes) -> Voice:
        """This voice with one graph exchanged; the others are shared."""
        return Voice(self._config, {**self._sessions, name: session(model, weights)})

    def read(self, phonemes: str, like: Reading | None = None) -> Reading:
        """Speak ``phonemes`` in one window; with ``like``, to its durations and on its source and noise.

        The decoder then gets the F0 of ``like`` but its own text features and energy, and the waves differ by what the
        graphs lose and by nothing else. ``units`` and ``f0_hz`` of the result are always the graphs' own; a duration that is no
        number counts as 0 units, which no other has.

        Raises:
            QuantizeError: without ``like``: a duration is no number.
        """
        features, raw_units = self.run("text", ids=np.array([encode(phonemes)], np.int64))
        if like is None and not np.isfinite(raw_units).all():
            raise QuantizeError("the student gives durations that are no numbers: its weights are too large; take an earlier checkpoint")
        units = np.nan_to_num(np.clip(np.round(raw_units[0]), 1, MAX_UNITS)).astype(np.int64)
        expanded = frames.expand(features[0], 2 * (like.units if like else units))
        prosody = self.run("prosody", expanded=expanded[None])[0][0]
        own_f0 = frames.f0_hz(prosody)
        f0 = like.f0_hz if like else own_f0
        return Reading(phonemes, units, own_f0, self._wave(frames.decoder_input(expanded, f0, prosody[:, 1]), f0))

    def run(self, graph: str, **inputs: NDArray[np.generic]) -> list[Float]:
        """All outputs of one graph, in its order."""
        return self._sessions[graph].run(None, inputs)

    def _wave(self, x: Float, f0: Float) -> Float:
        c = self._config
        pieces = HarmonicSource(f0, c.sample_rate, c.hop).pieces(0, len(x), c.head_fft, c.head_hop)
        noise = noise_bank(len(x) * c.sub_frames, c.head_fft, c.head_hop, seed=0)
        audio = self.run("decoder", x=x[None], source=pieces[None], noise=noise[None])[0][0]
        join = OverlapAdd(c.head_fft, c.head_hop)
        return np.concatenate([join.add(audio), join.finish()])


def session(model: ModelProto, weights: bytes) -> ort.InferenceSession:
    """A CPU session of a graph whose outside tensors are ``weights``; nothing touches the disk."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_external_initializers_from_files_in_memory([FILE], [weights], [len(weights)])
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
