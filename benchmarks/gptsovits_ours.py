"""This project's GPT-SoVITS graphs: a random voice of full size in both precisions, and its work as the engine does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gptsovits_random import FIRST_TOKENS, HOP, N_PHONES, N_PROMPT, N_REFERENCE, N_TOKENS, voice

from edge_agent.synthesis.gptsovits.sampling import Chooser, Sampling
from edge_agent.synthesis.gptsovits.sessions import cpu_session
from edge_agent.synthesis.gptsovits.stream import Stage2, Stream
from edge_agent.synthesis.gptsovits.transformer import Transformer

N_SENTENCES, N_FORCED = 16, 24
CAPACITY = 512


class Ours:
    """Graphs in ``folder``, as the engine runs them."""

    def __init__(self, folder: Path, *, shared_weights: bool) -> None:
        self.name = folder.name
        graphs = {path.stem: path for path in folder.glob("*.onnx")}
        sessions = {
            name: cpu_session(path, 1, shared_weights=shared_weights and name in ("prefill", "step")) for name, path in graphs.items()
        }
        self.transformer = Transformer(sessions.pop("prefill"), sessions.pop("step"), CAPACITY)
        self.stage = Stage2(sessions, HOP)
        self._random = np.random.default_rng(0)
        self.phones, self.prompt, self.tokens = (
            self._random.integers(0, top, n) for top, n in ((322, N_PHONES), (1024, N_PROMPT), (1024, N_TOKENS))
        )
        self._reference = self._random.standard_normal((N_REFERENCE, 512), np.float32)
        self._features = np.zeros((N_PHONES, 1024), np.float32)
        self._logits: Any = None
        self._said: list[int] = []

    def prefill(self) -> None:
        self._logits = self.transformer.start(self._reference, self.phones, self._features, self.prompt)
        self._said, self._chooser = [], Chooser(Sampling(), 1024, self.prompt, seed=0)

    def step(self) -> None:
        token = self._chooser.choose(self._logits) or 0  # random weights find an end anywhere
        self._said.append(token)
        self._logits = self.transformer.step(token)

    def decode(self) -> None:
        noise = self._random.standard_normal((192, 2 * N_TOKENS), np.float32)
        self.stage.whole(self.tokens, self.phones, noise=noise)

    def first_packet(self) -> None:
        self.prefill()
        for _ in range(FIRST_TOKENS):
            self.step()
        Stream(self.stage, self.phones, 1.0, self._random).add(self._said, final=False)

    def forced(self) -> np.ndarray:
        """Logits [tokens, 1024] of sentences of which every token is given, whatever they say."""
        rows = []
        for number in range(N_SENTENCES):
            random = np.random.default_rng(number)
            phones, prompt, tokens = (random.integers(0, top, n) for top, n in ((322, N_PHONES), (1024, N_PROMPT), (1024, N_FORCED)))
            rows.append(self.transformer.start(self._reference, phones, self._features, prompt)[:1024].copy())
            rows += [self.transformer.step(token)[:1024].copy() for token in tokens]
        return np.stack(rows)


def make_ours(place: str) -> None:
    """A random voice in both precisions."""
    from quantize.gptsovits import int8
    from quantize.gptsovits.bake import BakedSovits
    from quantize.gptsovits.export import FLOAT32, first_stage, move_weights, second_stage
    from quantize.gptsovits.onnx_runtime import OnnxSecond
    from quantize.weights import WeightFile

    t2s, sovits, speaker = voice()
    baked = BakedSovits(sovits, speaker).eval()
    stage, random = OnnxSecond(baked).stage, np.random.default_rng(0)
    latents = []
    for _ in range(3):
        mean, log_std = stage.prior(random.integers(0, 1024, 50), stage.text(random.integers(0, 322, 25)))
        latents.append(stage.flow(mean + random.standard_normal(mean.shape).astype(np.float32) * np.exp(log_std) * np.float32(0.5)))
    for name, form in (("float32", FLOAT32), ("int8", int8.form(int8.calibrate(baked, latents)))):
        folder, weights = Path(place) / name, WeightFile()
        folder.mkdir(parents=True, exist_ok=True)
        for graph, model in {**first_stage(t2s, form), **second_stage(baked, form)}.items():
            move_weights(model, weights)
            (folder / f"{graph}.onnx").write_bytes(model.SerializeToString())
        (folder / weights.file).write_bytes(weights.to_bytes())
