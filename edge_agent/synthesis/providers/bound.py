"""A graph of fixed shapes whose inputs and outputs never move: what IO binding and CUDA graphs need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """float32 ``shape`` at address ``pointer`` of the GPU's memory, valid until the graph runs again."""

    pointer: int
    shape: tuple[int, ...]


class BoundSession:
    """Runs one graph with float32 inputs and outputs that are allocated once.

    Args:
        session: an ``onnxruntime.InferenceSession`` with every dimension fixed.
        inputs: shape of each input.
        outputs: shape of each output.
        device: where they lie: ``cuda``, or ``cpu``.
    """

    def __init__(self, session: Any, inputs: Shapes, outputs: Shapes, device: str) -> None:
        from onnxruntime import OrtValue

        self._session = session
        self._binding = session.io_binding()
        self._inputs = {name: OrtValue.ortvalue_from_shape_and_type(shape, np.float32, device, 0) for name, shape in inputs.items()}
        self._outputs = {name: OrtValue.ortvalue_from_shape_and_type(shape, np.float32, device, 0) for name, shape in outputs.items()}
        for name, value in self._inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        for name, value in self._outputs.items():
            self._binding.bind_ortvalue_output(name, value)

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Outputs copied to the processor, in the order they were named."""
        self._compute(inputs)
        return [np.array(value.numpy()) for value in self._outputs.values()]

    def run_on_device(self, inputs: Mapping[str, np.ndarray]) -> list[DeviceArray]:
        """Outputs where they are."""
        self._compute(inputs)
        return [DeviceArray(value.data_ptr(), tuple(value.shape())) for value in self._outputs.values()]

    def _compute(self, inputs: Mapping[str, np.ndarray]) -> None:
        for name, value in self._inputs.items():
            value.update_inplace(np.ascontiguousarray(inputs[name], np.float32))
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
