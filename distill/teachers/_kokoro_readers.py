"""Two ways to run Kokoro's weights.

On one sentence they agree on every duration, on F0 to 0.01 Hz and on the vocoder's output to 1e-4 where its input is the same.
Waveforms agree to about 19 dB only: the source's spectrum has bins without energy, whose phases are what rounding leaves of
nothing, and the vocoder was trained on noise there. ``python -m benchmarks.teacher_backends`` compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from distill.teachers.base import TeacherError

EXPORT_GAIN = 1 / 1.5  # the export leaves the window sum out of its inverse STFT: exactly 1.5 times too loud


@dataclass(frozen=True, slots=True)
class Said:
    """``units`` float32 [tokens] of 25 ms, ``rounded`` int64 [tokens]; ``f0_hz`` and ``energy`` float32, two a unit;
    ``audio`` float32, 600 a unit, or None."""

    units: NDArray[np.float32]
    rounded: NDArray[np.int64]
    f0_hz: NDArray[np.float32]
    energy: NDArray[np.float32]
    audio: NDArray[np.float32] | None


class Reader(Protocol):
    """Reads ``ids`` int64 [tokens] in a ``style`` float32 [256], always in the same way."""

    def __call__(self, ids: NDArray[np.int64], style: NDArray[np.float32]) -> Said: ...


class OnnxReader:
    """ONNX Runtime on the processor.

    Raises:
        TeacherError: the graph is damaged.
    """

    def __init__(self, graph: Path, threads: int, *, with_audio: bool) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a different type for each way a file can be broken
            raise TeacherError(f"{graph} is damaged ({error}); python -m distill assemble makes it again") from error
        self._with_audio = with_audio

    def __call__(self, ids: NDArray[np.int64], style: NDArray[np.float32]) -> Said:
        values = self._session.run(None, {"tokens": ids[None], "style": style[None], "speed": np.ones(1, np.float32)})
        audio = values[0].reshape(-1) * np.float32(EXPORT_GAIN) if self._with_audio else None
        units, rounded, f0_hz, energy = (value.reshape(-1) for value in values[-4:])
        return Said(units, rounded.astype(np.int64), f0_hz, energy, audio)


class TorchReader:
    """torch on the processor or a GPU, with weights out of the same graph. ``threads`` holds for torch in all of this process.

    Raises:
        TeacherError: there is no such device, or no weights in the graph.
    """

    def __init__(self, graph: Path, threads: int, device: str, *, with_audio: bool) -> None:
        import torch

        from distill.teachers.kokoro_torch import Kokoro, WeightsError, read_weights

        if device == "cuda" and not torch.cuda.is_available():
            raise TeacherError("teacher.device is cuda, but torch finds no GPU; take cpu")
        torch.set_num_threads(threads)
        model = Kokoro(with_audio=with_audio)
        try:
            read_weights(graph, model)
        except WeightsError as error:
            raise TeacherError(str(error)) from error
        self._model = model.eval().to(device)
        self._device = device

    def __call__(self, ids: NDArray[np.int64], style: NDArray[np.float32]) -> Said:
        import torch

        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            said = self._model(torch.from_numpy(ids).to(self._device), torch.from_numpy(style).to(self._device))
        tracks = (each.cpu().numpy() for each in (said.units, said.rounded, said.f0_hz, said.energy))
        return Said(*tracks, None if said.audio is None else said.audio.cpu().numpy())
