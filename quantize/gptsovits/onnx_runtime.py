"""The graphs that the device runs, run by what the device runs them with, as a runtime to verify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from onnx import ModelProto
from torch import Tensor

from edge_agent.synthesis.gptsovits import Sampling
from edge_agent.synthesis.gptsovits import sampling as device
from edge_agent.synthesis.gptsovits.stream import Stage2, at
from edge_agent.synthesis.gptsovits.transformer import Transformer
from quantize.gptsovits.bake import BakedSovits
from quantize.gptsovits.export import FLOAT32, Form, first_stage, second_stage
from quantize.gptsovits.sampling import MAX_STEPS, Generated
from quantize.gptsovits.sovits import Decoded
from quantize.gptsovits.t2s import TextToSemantic
from quantize.gptsovits.verify import Runtime


def sessions(models: Mapping[str, ModelProto], threads: int = 1) -> dict[str, Any]:
    """Sessions of graphs in memory."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return {
        name: ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]) for name, model in models.items()
    }


class OnnxFirst:
    """The transformer's graphs.

    Args:
        capacity: positions of the cache.
    """

    def __init__(self, model: TextToSemantic, form: Form = FLOAT32, capacity: int = 4096) -> None:
        self._config = model.config
        made = sessions(first_stage(model, form))
        self.transformer = Transformer(made["prefill"], made["step"], capacity)

    def start(self, phones: Tensor, features: Tensor, prompt: Tensor) -> np.ndarray:
        """As :meth:`Transformer.start`, the reference's text among ``phones`` int64 [n] and ``features`` [1024, n]."""
        nothing = np.zeros((0, self._config.width), np.float32)
        return self.transformer.start(nothing, phones.numpy(), np.ascontiguousarray(features.T.numpy()), prompt.numpy())

    def forced(self, phones: Tensor, features: Tensor, prompt: Tensor, tokens: Tensor) -> Tensor:
        """Raw logits [len(tokens) + 1, vocab] of every step while ``tokens`` are fed whatever they say."""
        rows = [self.start(phones, features, prompt)]
        rows += [self.transformer.step(token).copy() for token in tokens.tolist()]
        return torch.from_numpy(np.stack(rows))

    def generate(self, phones: Tensor, features: Tensor, prompt: Tensor, how: Sampling, early_stop: int) -> Generated:
        """With the device's own choice of tokens; see :func:`quantize.gptsovits.sampling.generate`."""
        settings = device.Sampling(how.top_k, how.top_p, how.temperature, how.repetition_penalty)
        chooser = device.Chooser(settings, self._config.eos, prompt.numpy(), seed=0)
        logits, said, step = self.start(phones, features, prompt), [], 0
        while True:
            token = chooser.choose(logits)
            if token is None:
                break
            said.append(token)
            if len(said) > early_stop or step == MAX_STEPS - 1:
                break
            logits = self.transformer.step(token)
            step += 1
        y = torch.cat([prompt, torch.tensor(said, dtype=torch.int64)])
        return Generated(y, step if len(prompt) else 0, token is None)


class OnnxSecond:
    """The second stage's graphs for one voice."""

    def __init__(self, model: BakedSovits, form: Form = FLOAT32) -> None:
        self.stage = Stage2(sessions(second_stage(model, form)), model.config.hop)

    def __call__(self, tokens: Tensor, phones: Tensor, *, noise: Tensor | None, noise_scale: float, speed: float) -> Decoded:
        """See :class:`quantize.gptsovits.sovits.Sovits`."""
        mean, log_std = self.stage.prior(tokens.numpy(), self.stage.text(phones.numpy()))
        if speed != 1:
            n_frames = int(mean.shape[1] / speed) + 1
            places = (np.arange(n_frames) + 0.5) * (mean.shape[1] / n_frames) - 0.5
            mean, log_std = at(mean, places), at(log_std, places)
        z_p = mean if noise is None else mean + noise.numpy() * np.exp(log_std) * np.float32(noise_scale)
        z = self.stage.flow(z_p)
        wave, *rest = map(torch.from_numpy, (self.stage.decode(z), mean, log_std, z))
        return Decoded(wave, None, *rest)


def _probabilities(logits: Tensor, previous: Tensor, how: Sampling) -> Tensor:
    settings = device.Sampling(how.top_k, how.top_p, how.temperature, how.repetition_penalty)
    penalised = device.penalise(logits.numpy(), np.unique(previous.numpy()), how.repetition_penalty)
    return torch.from_numpy(device.probabilities(penalised, settings))


ONNX = Runtime(
    "onnx",
    lambda models: OnnxFirst(models.t2s),
    lambda models, speaker: OnnxSecond(BakedSovits(models.sovits, speaker)),
    _probabilities,
)
