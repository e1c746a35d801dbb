"""Makes the engine of a voice on the provider that was chosen for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.synthesis import Engine, Runtime, SynthesisError
from edge_agent.synthesis.providers import CPU, Choice, Chooser, short
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)

Opened = Callable[[VoiceInfo], AbstractContextManager[Path]]


def in_its_folder(voice: VoiceInfo) -> AbstractContextManager[Path]:
    """A voice that lies open, and needs no check beyond its engine's own."""
    return nullcontext(Path(voice.folder))


class Loader:
    """Loads voices.

    Args:
        load: makes an engine of a folder.
        opened: gives the folder of a voice's verified files for as long as it is loaded from them.
        chooser: has the compiled graphs of GPUs, and is told while one is used.
        gpu_memory_bytes: the most the graphs of one voice may take of a GPU's memory.
    """

    def __init__(
        self, threads: int, load: Callable[[Path, Runtime], Engine], opened: Opened, chooser: Chooser | None, gpu_memory_bytes: int
    ) -> None:
        self._threads, self.load, self._opened = threads, load, opened
        self._chooser, self._gpu_memory_bytes = chooser, gpu_memory_bytes

    def __call__(self, voice: VoiceInfo, choice: Choice) -> Engine:
        """The voice as chosen, on a GPU only if it was seen to compute right.

        Raises:
            EdgeAgentError, OSError: it cannot be loaded, or does not.
        """
        started = time.monotonic()
        chooser = self._chooser if choice.provider != CPU else None
        cache_dir = chooser.cache_dir(voice.digest) if chooser else None
        with ExitStack() as stack:
            if chooser:
                chooser.loading(voice.digest)
                stack.callback(chooser.loaded, voice.digest)
            folder = stack.enter_context(self._opened(voice))
            runtime = Runtime(
                short(choice.provider), self._threads,
                cache_dir=cache_dir, variant=choice.candidate.variant, gpu_memory_bytes=self._gpu_memory_bytes,
            )  # fmt: skip
            engine = self.load(folder, runtime)
            if choice.provider != CPU:
                _prove(engine, runtime)
        log.info("engine loaded voice=%s provider=%s seconds=%.2f", voice.id, engine.provider, time.monotonic() - started)
        return engine


def _prove(engine: Engine, runtime: Runtime) -> None:
    try:
        if runtime.degraded:
            raise SynthesisError(runtime.why or "its session runs elsewhere", retryable=True)
        engine.check()
    except EdgeAgentError:
        engine.close()
        raise
