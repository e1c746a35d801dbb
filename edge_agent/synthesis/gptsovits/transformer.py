"""Text to semantic tokens, one at a time, on a cache that stays where it is."""

from __future__ import annotations

import contextlib
import math
import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_agent.synthesis.engine import SynthesisError
from edge_agent.synthesis.gptsovits.sessions import run

Float = NDArray[np.float32]
Ids = NDArray[np.int64]


class Transformer:
    """The two graphs of the transformer and their key-value cache.

    The cache is one array, allocated once for the longest sentence; what no sentence reached is never touched and takes no
    memory. Each layer's part is bound as the step graph's input and output at once, so that a step appends in place.

    Args:
        prefill, step: ONNX Runtime sessions on the processor.
        capacity: positions of text, reference and new tokens together.
    """

    def __init__(self, prefill: Any, step: Any, capacity: int) -> None:
        self._prefill, self._step = prefill, step
        shapes = {each.name: each.shape for each in step.get_inputs()}
        n_layers = sum(name.startswith("key_") for name in shapes)
        _, heads, _, head_dim = shapes["key_0"]
        self.capacity = capacity
        self._cache = _reserve((2, n_layers, 1, heads, capacity, head_dim))
        self._token, self._place = np.zeros((1, 1), np.int64), np.zeros(1, np.int64)
        self._filled, self._total = np.zeros(1, np.int32), np.zeros((), np.int32)
        self._logits = np.empty(step.get_outputs()[-1].shape, np.float32)
        self._binding = step.io_binding()
        # on the processor an OrtValue is a view of the array it is made from
        for name in ("token", "place", "filled", "total"):
            self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(getattr(self, f"_{name}")))
        for kind, caches in zip(("key", "value"), self._cache, strict=True):
            for layer, cache in enumerate(caches):
                view = ort.OrtValue.ortvalue_from_numpy(cache)
                self._binding.bind_ortvalue_input(f"{kind}_{layer}", view)
                self._binding.bind_ortvalue_output(f"new_{kind}_{layer}", view)
        self._binding.bind_ortvalue_output("logits", ort.OrtValue.ortvalue_from_numpy(self._logits))

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
        if n_positions >= self.capacity:
            raise SynthesisError(
                f"{len(phones)} phonemes are too many at once: {n_positions} of {self.capacity} positions are taken already"
            )
        inputs = {"reference": reference, "phones": phones, "features": features, "prompt": prompt}
        self._first, keys, values = run(self._prefill, inputs)
        self._cache[0, :, 0, :, :n_positions], self._cache[1, :, 0, :, :n_positions] = keys, values
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
        if self._filled[0] >= self.capacity:
            raise SynthesisError(f"more than {self.capacity} positions")
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


def _reserve(shape: Sequence[int]) -> Float:
    """Zeros that take memory only where they were written to."""
    memory = mmap.mmap(-1, 4 * math.prod(shape), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # a huge page, which numpy asks for, spans several heads, so that every one of them would be there after the first token
    with contextlib.suppress(AttributeError, OSError):  # unknown to this system, which then has none
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, np.float32).reshape(shape)
