"""What was found out about the providers for one voice, and the file that remembers it."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge_agent import state_file
from edge_agent.synthesis.providers.names import CPU, IN_WORDS, in_words

log = logging.getLogger(__name__)

KEEPS_UP = 0.5
"""Seconds of computing a second of sound above which speech may stutter; slower ones are taken only for want of others."""
WORTH_IT = 1.1
"""The processor is kept unless a GPU is a tenth faster: it has to be there anyway, and the GPU's memory is everybody's."""
_FILE = "choice.json"
_DIGEST = re.compile(r"[0-9a-f]{16,64}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider, and which of the voice's variants it would run (None: the only one)."""

    provider: str
    variant: str | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Candidate:
        """
        Raises:
            KeyError, TypeError, ValueError: there is no such provider.
        """
        provider, variant = values["provider"], values["variant"]
        if provider not in IN_WORDS or not (variant is None or isinstance(variant, str)):
            raise ValueError(f"{provider!r} {variant!r}")
        return cls(provider, variant)

    def __str__(self) -> str:
        return in_words(self.provider) + (f" ({self.variant})" if self.variant else "")


@dataclass(frozen=True, slots=True)
class Trial:
    """How a candidate did: ``why`` it is of no use, or None and its times once warm.

    ``first_s`` until the first sound, ``rtf`` seconds of computing a second of sound, ``load_s`` with everything that is done only once,
    ``memory_mb`` of the process.
    """

    candidate: Candidate
    why: str | None = None
    load_s: float = 0.0
    first_s: float = 0.0
    rtf: float = 0.0
    memory_mb: float = 0.0

    @property
    def right(self) -> bool:
        return self.why is None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Trial:
        """
        Raises:
            KeyError, TypeError, ValueError: it is not what :meth:`to_json` gives.
        """
        times = {name: float(values[name]) for name in ("load_s", "first_s", "rtf", "memory_mb")}
        why, candidate = values["why"], values["candidate"]
        return cls(Candidate.of(candidate), None if why is None else str(why), **times)


@dataclass(frozen=True, slots=True)
class Choice:
    """``candidate`` is to compute the voice; ``degraded`` says what should have and why it does not."""

    candidate: Candidate
    trials: tuple[Trial, ...] = ()
    degraded: str | None = None

    @property
    def provider(self) -> str:
        return self.candidate.provider


PROCESSOR = Choice(Candidate(CPU))


def decide(trials: Sequence[Trial], wanted: str | None = None) -> Choice:
    """The fastest of those that were right; ``wanted``, a provider, whatever its speed if it was right.

    A GPU that was tried and computes wrongly is never passed over in silence: unless another GPU provider took its place, the choice is
    ``degraded``.
    """
    right = [trial for trial in trials if trial.right]
    demanded = [trial for trial in right if trial.candidate.provider == wanted]
    best = _fastest(demanded or right)
    candidate = best.candidate if best else Candidate(CPU)
    refused = [trial for trial in trials if not trial.right and trial.candidate.provider != CPU]
    if wanted is not None:
        refused = [trial for trial in refused if trial.candidate.provider == wanted]
    short_of = candidate.provider not in {None, wanted} if wanted else candidate.provider == CPU
    degraded = None
    if short_of and refused:
        degraded = f"runs on {in_words(candidate.provider)} instead of {in_words(refused[0].candidate.provider)}: {refused[0].why}"
    return Choice(candidate, tuple(trials), degraded)


def _fastest(trials: Sequence[Trial]) -> Trial | None:
    if not trials:
        return None
    fluent = [trial for trial in trials if trial.rtf <= KEEPS_UP] or list(trials)
    fastest = min(fluent, key=lambda trial: trial.first_s)
    processor = next((trial for trial in fluent if trial.candidate.provider == CPU), None)
    return processor if processor and processor.first_s <= WORTH_IT * fastest.first_s else fastest


@dataclass(frozen=True, slots=True)
class Remembered:
    """A choice with what it was made under; ``unfinished`` counts loads in the daemon that it did not live to see the end of."""

    choice: Choice
    fingerprint: dict[str, str]
    unfinished: int = 0


class Memory:
    """One folder a voice below ``folder``, named by the voice's digest: the choice, and what TensorRT built of its weights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, digest: str) -> Path:
        """
        Raises:
            ValueError: ``digest`` is none.
        """
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is not a digest")
        return self._folder / digest[:32]

    def recall(self, digest: str) -> Remembered | None:
        """What is known; a file that cannot be read is as good as none, since everything can be found out again."""
        path = self.folder(digest) / _FILE
        try:
            values = state_file.read(path)
            if values is None:
                return None
            trials = tuple(map(Trial.from_json, values["trials"]))
            choice = Choice(Candidate.of(values), trials)
            facts = {str(name): str(fact) for name, fact in values["fingerprint"].items()}
            return Remembered(choice, facts, int(values["unfinished"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("provider choice unreadable path=%s error=%r", path, str(error))
            return None

    def remember(self, digest: str, remembered: Remembered) -> None:
        """Best effort: with a full disk everything is found out again at the next start."""
        folder = self.folder(digest)
        values = {
            "provider": remembered.choice.candidate.provider,
            "variant": remembered.choice.candidate.variant,
            "trials": [trial.to_json() for trial in remembered.choice.trials],
            "fingerprint": remembered.fingerprint,
            "unfinished": remembered.unfinished,
        }
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state_file.write(folder / _FILE, values, mode=0o600)
        except OSError as error:
            log.warning("provider choice not kept folder=%s error=%r", folder, str(error))

    def count_unfinished(self, digest: str, remembered: Remembered, unfinished: int) -> None:
        self.remember(digest, replace(remembered, unfinished=unfinished))

    def forget(self, digest: str) -> None:
        """Remove everything made of a voice, its compiled weights above all.

        Raises:
            OSError: something is still there.
        """
        folder = self.folder(digest)
        if folder.exists():
            shutil.rmtree(folder)
            state_file.sync_folder(folder.parent)
