"""ONNX Runtime sessions with a provider that was really tried."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort

from edge_agent.synthesis.engine import SynthesisError
from edge_agent.synthesis.providers.bound import BoundSession, DeviceArray, Shapes
from edge_agent.synthesis.providers.names import BY_NAME, CPU, CUDA, TENSORRT, in_words
from edge_agent.synthesis.providers.options import GPU_MEMORY_BYTES, Range, profiles, provider_options

__all__ = ["CPU", "CUDA", "TENSORRT", "DeviceArray", "FixedSession", "Runtime", "Session"]

log = logging.getLogger(__name__)


class Session(Protocol):
    """One graph, ready to run."""

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs in the graph's order."""
        ...


class FixedSession(Session, Protocol):
    """One graph for one set of shapes."""

    def run_on_device(self, inputs: dict[str, np.ndarray]) -> list[DeviceArray]:
        """The outputs where they were computed."""
        ...


class Runtime:
    """Makes sessions on one provider.

    Args:
        provider: ``cpu``, ``cuda``, ``tensorrt``, or ``auto``: CUDA where the installed ONNX Runtime lists it, else CPU. A listed
            provider proves nothing (the stock aarch64 wheel has no code for Orin), so after creation the provider that
            the session really got is read back and kept in :attr:`provider`.
        threads: CPU threads a session may use.
        cache_dir: where TensorRT keeps the engines of the voice, and beside it what CUDA compiles.
        variant: which of the voice's variants to run, instead of the one its engine would take for the provider.
        gpu_memory_bytes: the most that all graphs together may take of a GPU's memory; each session is given a share of it.

    Raises:
        SynthesisError: the provider was demanded and is not there.
    """

    def __init__(
        self, provider: str = "auto", threads: int = 2, *,
        cache_dir: Path | None = None, variant: str | None = None, gpu_memory_bytes: int = GPU_MEMORY_BYTES,
    ) -> None:
        listed = ort.get_available_providers()
        wanted = BY_NAME.get(provider, CUDA if CUDA in listed else CPU)
        if wanted not in listed:
            raise SynthesisError(
                f"{in_words(wanted)} was demanded, but this ONNX Runtime has only {', '.join(listed)}; "
                'install one built for this GPU or set provider = "auto"'
            )
        self.provider = self._wanted = wanted
        self.variant = variant
        self.degraded = False
        self.why: str | None = None
        """What became of the provider that was wanted, once :attr:`degraded`."""
        self.threads = threads
        self._cache_dir, self._gpu_memory_bytes = cache_dir, gpu_memory_bytes
        if cache_dir is not None and wanted != CPU:
            # read by the driver when it starts; its own default lies in a home folder that a service does not have
            os.environ.setdefault("CUDA_CACHE_PATH", str(cache_dir.parent / "cuda"))

    @property
    def on_gpu(self) -> bool:
        """Whether graphs of fixed shapes pay: there they can be launched as a whole."""
        return self.provider != CPU

    def session(self, path: Path, ranges: Mapping[str, Range] | None = None, *, share: float = 1.0) -> Session:
        """Load a graph; a provider that was dropped on the way makes the runtime ``degraded``, never silently.

        Args:
            ranges: least, usual and largest size of each free dimension, by its name; TensorRT builds for these.
            share: of the GPU memory, above 0 to 1; those of one voice's graphs come to 1.

        Raises:
            SynthesisError: no provider can load it.
        """
        shape_profiles = self._profiles(path, ranges) if self._wanted == TENSORRT and ranges else {}
        return _OrtSession(self._create(path, self._options(), share, profiles=shape_profiles))

    def fixed_session(
        self, path: Path, sizes: Mapping[str, int], inputs: Shapes, outputs: Shapes, *, share: float = 1.0
    ) -> FixedSession:
        """Load a graph for one size of each free dimension, bound to buffers of its own, on a GPU as one CUDA graph.

        Args:
            sizes: by the dimension's name.
            inputs, outputs: shape of each, all float32.
            share: as for :meth:`session`.

        Raises:
            SynthesisError: no provider can load it.
        """
        device = "cuda" if self.on_gpu else "cpu"
        zeros = {name: np.zeros(shape, np.float32) for name, shape in inputs.items()}
        for cuda_graph in (True, False) if self.on_gpu else (False,):
            options = self._options()
            for name, size in sizes.items():
                options.add_free_dimension_override_by_name(name, size)
            try:
                session = _Fixed(self._create(path, options, share, cuda_graph=cuda_graph), inputs, outputs, device)
                for _ in range(3 if cuda_graph else 1):  # plain, recorded, replayed
                    session.run(zeros)
            except SynthesisError as error:
                if not cuda_graph:
                    raise
                log.info("no CUDA graph path=%s why=%r", path.name, str(error)[:200])
            else:
                return session
        raise AssertionError("unreachable")

    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # spinning threads would keep a core of a small device busy between announcements
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return options

    def _create(
        self, path: Path, options: ort.SessionOptions, share: float, *,
        cuda_graph: bool = False, profiles: Mapping[str, str] | None = None,
    ) -> ort.InferenceSession:
        n_bytes = int(share * self._gpu_memory_bytes)
        with _told(f"{path} cannot be loaded", retryable=self._wanted != CPU):
            chain = provider_options(
                self._wanted, gpu_memory_bytes=n_bytes, cache_dir=self._cache_dir, cuda_graph=cuda_graph, profiles=profiles
            )
            session = ort.InferenceSession(str(path), options, providers=chain)
        used = session.get_providers()[0]
        if used != self._wanted:
            self.degraded, self.provider = True, used
            self.why = f"ONNX Runtime could not start {in_words(self._wanted)} and took {in_words(used)} without saying so"
        return session

    def _profiles(self, path: Path, ranges: Mapping[str, Range]) -> dict[str, str]:
        with _told(f"{path} cannot be loaded", retryable=True):
            session = ort.InferenceSession(str(path), self._options(), providers=[CPU])
            return profiles([(each.name, each.shape) for each in session.get_inputs()], ranges)


@contextmanager
def _told(what: str, *, retryable: bool) -> Iterator[None]:
    """Whatever goes wrong in the block as a SynthesisError: ONNX Runtime raises its own family of undocumented types."""
    try:
        yield
    except Exception as error:
        raise SynthesisError(f"{what}: {error}", retryable=retryable) from error


class _OrtSession:
    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        with _told("inference failed", retryable=True):
            return self._session.run(None, inputs)


class _Fixed:
    def __init__(self, session: Any, inputs: Shapes, outputs: Shapes, device: str) -> None:
        with _told("there is no room for what goes in and comes out", retryable=True):
            self._bound = BoundSession(session, inputs, outputs, device)

    def run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        with _told("inference failed", retryable=True):
            return self._bound.run(inputs)

    def run_on_device(self, inputs: dict[str, np.ndarray]) -> list[DeviceArray]:
        with _told("inference failed", retryable=True):
            return self._bound.run_on_device(inputs)
