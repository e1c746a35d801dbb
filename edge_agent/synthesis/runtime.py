"""ONNX Runtime sessions with a provider that was really tried."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from edge_agent.synthesis.engine import SynthesisError

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"


class Session(Protocol):
    """One graph, ready to run."""

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs in the graph's order."""
        ...


class Runtime:
    """Makes sessions on one provider.

    Args:
        provider: ``cpu``, ``cuda``, or ``auto``: CUDA where the installed ONNX Runtime lists it, else CPU. A listed
            provider proves nothing (the stock aarch64 wheel has no code for Orin), so after creation the provider that
            the session really got is read back and kept in :attr:`provider`.
        threads: CPU threads a session may use.

    Raises:
        SynthesisError: ``cuda`` was demanded and is not there.
    """

    def __init__(self, provider: str = "auto", threads: int = 2) -> None:
        listed = ort.get_available_providers()
        if provider == "cuda" and CUDA not in listed:
            raise SynthesisError(
                f"CUDA was demanded, but this ONNX Runtime has only {', '.join(listed)}; install the gpu extra or set provider = \"auto\""
            )
        self._wanted = [CUDA, CPU] if provider != "cpu" and CUDA in listed else [CPU]
        self._options = ort.SessionOptions()
        self._options.intra_op_num_threads = threads
        self._options.inter_op_num_threads = 1
        self._options.log_severity_level = 3
        # spinning threads would keep a core of a small device busy between announcements
        self._options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.degraded = False
        self.provider = self._wanted[0]

    def session(self, path: Path) -> Session:
        """Load a graph; a provider that was dropped on the way makes the runtime ``degraded``, never silently.

        Raises:
            SynthesisError: no provider can load it.
        """
        try:
            session = ort.InferenceSession(str(path), self._options, providers=self._wanted)
        except Exception as error:  # ONNX Runtime raises its own family of undocumented types
            raise SynthesisError(f"{path} cannot be loaded: {error}") from error
        used = session.get_providers()[0]
        if used != self._wanted[0]:
            self.degraded, self.provider = True, used
        return _OrtSession(session)


class _OrtSession:
    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        try:
            return self._session.run(None, inputs)
        except Exception as error:  # ONNX Runtime raises its own family of undocumented types
            raise SynthesisError(f"inference failed: {error}", retryable=True) from error
