"""Text to semantic tokens, one at a time, on a cache that stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_agent.synthesis.engine import SynthesisError
from edge_agent.synthesis.gptsovits.cache import Cache
from edge_agent.synthesis.gptsovits.sessions import run

Float = NDArray[np.float32]
Ids = NDArray[np.int64]


class Transformer:
    """The two graphs of the transformer and their key-value cache.

    Each layer's part of the cache is bound as the step graph's input and output at once, so that a step appends in place.

    Args:
        prefill, step: ONNX Runtime sessions on the processor.
        capacity: positions of text, reference and new tokens together.
    """

    def __init__(self, prefill: Any, step: Any, capacity: int) -> None:
        self._prefill, self._step = prefill, step
        shapes = {each.name: each.shape for each in step.get_inputs()}
        n_layers = sum(name.startswith("key_") for name in shapes)
        _, heads, _, head_dim = shapes["key_0"]
        self._cache = Cache((n_layers, heads, head_dim), capacity)
        self._token, self._place = np.zeros((1, 1), np.int64), np.zeros(1, np.int64)
        self._filled, self._total = np.zeros(1, np.int32), np.zeros((), np.int32)
        self._logits = np.empty(step.get_outputs()[-1].shape, np.float32)

    def start(self, reference: Float, phones: Ids, features: Float, prompt: Ids) -> Float:
        """Begin a sentence.

        Args:
            reference: [r, width], the reference's text already embedded, or nothing.
            phones: [n] of the new text.
            features: [n, 1024] of the text model, zeros where there are none.
            prompt: [p] tokens of the reference, or none.

        Returns:
            raw logits [vocab] of the first token.

        Raises:
            SynthesisError: there is more of it than the cache holds, or the graph failed.
        """
        n_positions = len(reference) + len(phones) + len(prompt)
        if n_positions >= self._cache.capacity:
            raise SynthesisError(
                f"{len(phones)} phonemes are too many at once: {n_positions} of {self._cache.capacity} positions are taken already"
            )
        inputs = {"reference": reference, "phones": phones, "features": features, "prompt": prompt}
        self._first, keys, values = run(self._prefill, inputs)
        self._cache.begin(keys, values)
        self._binding = self._bound()
        self._start = n_positions, len(prompt)
        self._go_to(0)
        return self._first

    def rewind(self, tokens: Sequence[int]) -> Float:
        """Take back all but ``tokens``, which are the first of those said since the start; logits [vocab] after them."""
        if not tokens:
            self._go_to(0)
            return self._first
        self._go_to(len(tokens) - 1)
        return self.step(tokens[-1])

    def step(self, token: int) -> Float:
        """Say ``token``; raw logits [vocab] of the next one, valid until the next step.

        Raises:
            SynthesisError: the cache is full, or the graph failed.
        """
        if self._filled[0] >= self._cache.capacity:
            raise SynthesisError(f"more than {self._cache.capacity} positions")
        if self._filled[0] >= self._cache.room:
            self._cache.grow()
            self._binding = self._bound()
        self._token[0, 0] = token
        try:
            self._step.run_with_iobinding(self._binding)
        except Exception as error:  # ONNX Runtime raises its own family of undocumented types
            raise SynthesisError(f"inference failed: {error}") from error
        self._go_to(self._filled[0] - self._start[0] + 1)
        if not np.isfinite(self._logits).all():
            raise SynthesisError("the voice's transformer produced NaN")
        return self._logits

    def _go_to(self, n_tokens: int) -> None:
        """Let the next token be the ``n_tokens``-th said since the start."""
        n_positions, n_prompt = self._start
        self._filled[0], self._total[()] = n_positions + n_tokens, n_positions + n_tokens + 1
        self._place[0] = n_prompt + n_tokens

    def _bound(self) -> Any:
        """The step graph's inputs and outputs, for the cache as it lies now."""
        binding = self._step.io_binding()
        # on the processor an OrtValue is a view of the array it is made from
        for name in ("token", "place", "filled", "total"):
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(getattr(self, f"_{name}")))
        for kind, layers in zip(("key", "value"), self._cache.layers, strict=True):
            for number, layer in enumerate(layers):
                view = ort.OrtValue.ortvalue_from_numpy(layer)
                binding.bind_ortvalue_input(f"{kind}_{number}", view)
                binding.bind_ortvalue_output(f"new_{kind}_{number}", view)
        binding.bind_ortvalue_output("logits", ort.OrtValue.ortvalue_from_numpy(self._logits))
        return binding
