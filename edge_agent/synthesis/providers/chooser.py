"""Which provider computes a voice: the fastest that was seen to compute it right, on this machine as it is now."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from edge_agent.synthesis.providers.attempt import attempt
from edge_agent.synthesis.providers.choice import PROCESSOR, Candidate, Choice, Memory, Remembered, Trial, decide
from edge_agent.synthesis.providers.fingerprint import changed, fingerprint
from edge_agent.synthesis.providers.names import BY_NAME, CPU, CUDA, TENSORRT, in_words

log = logging.getLogger(__name__)

VARIANTS = {TENSORRT: ("trt", "fp16"), CUDA: ("gpu", "fp16"), CPU: ("cpu",)}
"""What may suit a provider; whether eight bits or sixteen are faster on a GPU is found out, not believed."""
MOST_UNFINISHED = 2
"""So often may the daemon die while it loads a voice as chosen before another provider is; once more, and the GPU is left alone."""


class Attempt(Protocol):
    def __call__(
        self, candidate: Candidate, voice: Path, *,
        threads: int, gpu_memory_bytes: int, cache_dir: Path, stop: threading.Event | None = None,
    ) -> Trial: ...


def listed_providers() -> list[str]:
    """Those compiled into the installed ONNX Runtime; this proves nothing about any of them."""
    import onnxruntime

    found: list[str] = onnxruntime.get_available_providers()
    return found


class Chooser:
    """Tries providers and remembers the outcome. Thread-safe as long as one thread at a time chooses for a voice.

    Args:
        folder: holds a folder a voice.
        wanted: ``auto``, or the name of the provider that is to be taken if only it is right.
        threads: processor threads for the model.
        gpu_memory_bytes: the most its graphs may take of a GPU's memory.
        listed, facts, attempt: what ONNX Runtime claims to have, what a choice depends on, and how a candidate is tried.
    """

    def __init__(
        self,
        folder: Path,
        wanted: str,
        threads: int,
        gpu_memory_bytes: int,
        *,
        listed: Callable[[], Sequence[str]] = listed_providers,
        facts: Callable[[], dict[str, str]] = fingerprint,
        attempt: Attempt = attempt,
    ) -> None:
        self._memory = Memory(folder)
        self._wanted, self._threads, self._gpu_memory_bytes = wanted, threads, gpu_memory_bytes
        self._listed, self._attempt = listed, attempt
        self._facts = partial(_with, facts, {"wanted": wanted, "threads": str(threads), "gpu_memory": str(gpu_memory_bytes)})

    def known(self, digest: str) -> Choice | None:
        """What was chosen for the voice before and still holds; None if it has to be tried. Takes milliseconds."""
        if self._wanted == "cpu":
            return PROCESSOR
        if not self._gpus():
            return self._without_gpu()
        remembered = self._memory.recall(digest)
        if remembered is None:
            return None
        if different := changed(remembered.fingerprint, self._facts()):
            log.info("provider choice void voice=%s changed=%s", digest[:8], ",".join(different))
            return None
        return None if remembered.unfinished else remembered.choice

    def choose(self, voice: Path, digest: str, stop: threading.Event | None = None) -> Choice:
        """Try every provider there is, each in a process of its own; seconds, or minutes where TensorRT has to build an engine.

        A choice that leaves out a GPU because it failed is not remembered, so that it is tried again at the next start.

        Raises:
            Stopped: ``stop`` was set meanwhile.
        """
        if self._wanted == "cpu":
            return PROCESSOR
        if not self._gpus():
            return self._without_gpu()
        facts, before = self._facts(), self._memory.recall(digest)
        unfinished = before.unfinished if before and before.fingerprint == facts else 0
        if before and before.fingerprint != facts:
            self._memory.forget(digest)
        candidates = self._candidates(voice)
        wanted = BY_NAME.get(self._wanted)
        trials = []
        if before and unfinished >= MOST_UNFINISHED:
            # Where it died of the next one as well, it would die of each of them in turn, and come back to the first.
            gpu = [each for each in candidates if each.provider != CPU]
            spared = gpu if unfinished > MOST_UNFINISHED else [before.choice.candidate]
            trials = [Trial(each, f"the daemon died {unfinished} times while it loaded this voice on the GPU") for each in spared]
            candidates = [each for each in candidates if each not in spared]
        for candidate in candidates:
            trial = self.trial(voice, digest, candidate, stop)
            log.info(
                "provider tried voice=%s candidate=%r right=%s first_ms=%.1f rtf=%.4f why=%r",
                digest[:8], str(candidate), trial.right, 1e3 * trial.first_s, trial.rtf, trial.why,
            )
            trials.append(trial)
        if wanted is not None and all(trial.candidate.provider != wanted for trial in trials):
            trials.append(Trial(Candidate(wanted), "the voice has no graphs for it"))
        choice = decide(trials, wanted)
        if choice.degraded is None:
            self._memory.remember(digest, Remembered(choice, facts, unfinished))
        return choice

    def trial(self, voice: Path, digest: str, candidate: Candidate, stop: threading.Event | None = None) -> Trial:
        """How one candidate does, whatever was chosen.

        Raises:
            Stopped: ``stop`` was set meanwhile.
        """
        return self._attempt(
            candidate, voice,
            threads=self._threads, gpu_memory_bytes=self._gpu_memory_bytes, cache_dir=self.cache_dir(digest), stop=stop,
        )  # fmt: skip

    def cache_dir(self, digest: str) -> Path:
        """Where engines compiled of the voice's weights are kept."""
        return self._memory.folder(digest)

    def forget(self, digest: str) -> None:
        """Remove what was compiled of a voice and what is known of it.

        Raises:
            OSError: something is still there.
            ValueError: ``digest`` is none.
        """
        self._memory.forget(digest)

    def loading(self, digest: str) -> None:
        """The daemon itself is about to load the voice as it was chosen; should it die of that, this is seen at its next start."""
        remembered = self._memory.recall(digest)
        if remembered is not None and remembered.choice.provider != CPU:
            self._memory.count_unfinished(digest, remembered, remembered.unfinished + 1)

    def loaded(self, digest: str) -> None:
        """It did not die."""
        remembered = self._memory.recall(digest)
        if remembered is not None and remembered.unfinished:
            self._memory.count_unfinished(digest, remembered, 0)

    def _gpus(self) -> list[str]:
        listed = self._listed()
        return [provider for provider in (TENSORRT, CUDA) if provider in listed]

    def _without_gpu(self) -> Choice:
        """``cuda`` or ``tensorrt`` was demanded of a build that has neither, or nothing was."""
        if self._wanted == "auto":
            return PROCESSOR
        wanted = in_words(BY_NAME[self._wanted])
        return Choice(PROCESSOR.candidate, (), f"runs on the processor instead of {wanted}: the installed ONNX Runtime has none")

    def _candidates(self, voice: Path) -> list[Candidate]:
        """Those the voice has variants for; the processor first, since it is soon done and always the one to beat.

        What was made for the processor has operators that no GPU provider has: there it would be computed by the processor all the same.
        """
        has = _variants(voice)
        wanted = BY_NAME.get(self._wanted)
        gpus = [provider for provider in self._gpus() if wanted in {None, provider} or provider == CUDA]
        return [
            Candidate(provider, variant)
            for provider in (CPU, *reversed(gpus))
            for variant in ([each for each in VARIANTS[provider] if each in has] or ([None] if provider == CPU or not has else []))
        ]


def _variants(voice: Path) -> frozenset[str]:
    try:
        graphs = json.loads((voice / "voice.json").read_bytes())["graphs"]
        return frozenset(map(str, graphs))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset()  # loading it will say what is wrong


def _with(facts: Callable[[], dict[str, str]], more: dict[str, str]) -> dict[str, str]:
    return {**facts(), **more}
