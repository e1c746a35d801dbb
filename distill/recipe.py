"""A recipe: everything a voice is made of, in one TOML file, typed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.corpus.texts import LANGUAGES, PROMPTED
from distill.teachers import kokoro_backends
from distill.teachers.gptsovits_api import ApiSettings
from distill.teachers.gptsovits_settings import CheckpointSettings
from distill.train.config import TrainConfig
from edge_agent.digest import sha256_of
from edge_agent.errors import EdgeAgentError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


KOKORO = ("kokoro",)
AUDIO_ONLY = ("gptsovits", "gptsovits-api")


class RecipeError(EdgeAgentError):
    """A recipe has an unknown key, a wrong type or a missing value, every fault named at once; or what it names is not there."""


@dataclass(frozen=True, slots=True)
class TeacherRecipe:
    """Who teaches: ``kokoro``, whose assembled ``folder`` is given and the weights over its style packs; ``gptsovits``, whose
    files ``checkpoints`` names; or ``gptsovits-api``, a server told about in ``api``. ``backend`` and ``device`` are Kokoro's:
    ``onnx`` on ``cpu``, ``torch`` on ``cpu`` or ``cuda``."""

    name: str = "kokoro"
    folder: str = "runs/teacher"
    style: dict[str, float] = field(default_factory=dict)
    backend: str = "onnx"
    device: str = "cpu"
    api: ApiSettings | None = None
    checkpoints: CheckpointSettings | None = None

    @property
    def audio_only(self) -> bool:
        """Whether durations have to be found out from the audio."""
        return self.name in AUDIO_ONLY

    def cloned_from(self) -> tuple[str, ...] | None:
        """SHA-256 of the recordings in whose voice it speaks, without one that lies on a server; None: the voice is nobody's.

        Raises:
            RecipeError: a recording cannot be read.
        """
        if self.checkpoints is not None:
            path = Path(self.checkpoints.reference_audio)
            try:
                return (sha256_of(path),)
            except OSError as error:
                raise RecipeError(f"{path}, the recording whose voice this is, cannot be read: {error.strerror}") from error
        return () if self.audio_only else None

    def faults(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        if self.name == "gptsovits-api":
            return ["api is missing"] if self.api is None else [f"api.{fault}" for fault in self.api.faults()]
        if self.name == "gptsovits":
            given = self.checkpoints
            return ["checkpoints is missing"] if given is None else [f"checkpoints.{fault}" for fault in given.faults()]
        if self.name not in KOKORO:
            return [f"name = {self.name!r} is not one of {', '.join((*KOKORO, *AUDIO_ONLY))}"]
        found = []
        if not abs(sum(self.style.values()) - 1) <= 1e-6:  # nan, too
            found.append(f"style has weights that sum to {sum(self.style.values())}, not 1")
        unfit = kokoro_backends.fault(self.backend, self.device)
        if unfit:
            found.append(unfit)
        return found


@dataclass(frozen=True, slots=True)
class CorpusRecipe:
    """What the teacher reads: ``composed`` sentences beside the written ones, and so many prompts of a language as ``prompts``
    says; audio of the first ``audio_lines`` lines (all in hand) and of so many more of a language as ``more_audio`` says, the text
    side of all others. ``align_steps`` train the aligner where the teacher knows no durations."""

    composed: int = 5000
    prompts: dict[str, int] = field(default_factory=dict)
    audio_lines: int = 1650
    more_audio: dict[str, int] = field(default_factory=dict)
    seed: int = 1
    processes: int = 2
    align_steps: int = 1500

    def faults(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        least = {"composed": 0, "audio_lines": 1, "seed": 0, "processes": 1, "align_steps": 1}
        found = [f"{name} = {getattr(self, name)} is not at least {n}" for name, n in least.items() if getattr(self, name) < n]
        for key, known in (("prompts", PROMPTED), ("more_audio", LANGUAGES)):
            for name, count in getattr(self, key).items():
                if name not in known:
                    found.append(f"{key}.{name} is not one of {', '.join(known)}")
                elif count < 1:
                    found.append(f"{key}.{name} = {count} is not at least 1")
        return found


@dataclass(frozen=True, slots=True)
class VoiceRecipe:
    """What the finished voice is called."""

    voice_id: str = "default"
    display_name: str = "Default"
    languages: tuple[str, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run; ``folder`` receives corpus, checkpoints, evaluation and voice."""

    folder: str
    teacher: TeacherRecipe = field(default_factory=TeacherRecipe)
    corpus: CorpusRecipe = field(default_factory=CorpusRecipe)
    train: TrainConfig = field(default_factory=TrainConfig)
    voice: VoiceRecipe = field(default_factory=VoiceRecipe)

    def faults(self) -> list[str]:
        """Everything that no voice can be made of, a sentence each."""
        return [f"{part}.{fault}" for part in ("teacher", "corpus", "train") for fault in getattr(self, part).faults()]

    @property
    def corpus_folder(self) -> Path:
        """Named by what decides its content, so that another corpus cannot be mistaken for it."""
        parts = {"teacher": dataclasses.asdict(self.teacher), "corpus": dataclasses.asdict(self.corpus)}
        del parts["teacher"]["folder"], parts["teacher"]["device"], parts["corpus"]["processes"]
        for name in ("more_audio", "prompts"):  # corpora made before there could be any keep their names
            if not parts["corpus"][name]:
                del parts["corpus"][name]
        if self.teacher.backend == "onnx":  # corpora made before there was another keep their names
            del parts["teacher"]["backend"]
        if self.teacher.checkpoints is None:  # corpora made before there were any keep their names
            del parts["teacher"]["checkpoints"]
        if self.teacher.api is not None:  # where the server is does not matter, what it was asked does
            for name in ("url", "timeout_s", "patience_s"):
                del parts["teacher"]["api"][name]
        for asked in filter(None, (parts["teacher"]["api"], parts["teacher"].get("checkpoints"))):
            if asked.pop("whisper"):  # whether takes were listened to matters, not where the recogniser lies
                asked["heard"] = True
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
        return Path(self.folder) / f"corpus-{digest}"

    @property
    def run_folder(self) -> Path:
        return Path(self.folder) / f"seed-{self.train.seed}"


def load_recipe(path: Path, **train: Any) -> Recipe:
    """Read a recipe; ``train`` overrides single values of its ``[train]`` table.

    Raises:
        RecipeError: it cannot be read, or naming every faulty key.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    problems: list[str] = []
    recipe = _build(Recipe, values, "", problems)
    if not problems:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, **train))
        problems = recipe.faults()
    if problems:
        raise RecipeError(f"{path}: " + "; ".join(problems))
    return recipe


def _build(kind: type, values: Any, where: str, problems: list[str]) -> Any:
    if not isinstance(values, dict):
        problems.append(f"{where or 'the recipe'} is not a table")
        return None
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    problems += [f"{where}{name} is not a setting; there are {', '.join(fields)}" for name in values if name not in fields]
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in values:
            problems.append(f"{where}{name} is missing")
    given = {name: _convert(hints[name], value, f"{where}{name}", problems) for name, value in values.items() if name in fields}
    return None if problems else kind(**given)


def _convert(kind: Any, value: Any, where: str, problems: list[str]) -> Any:
    if typing.get_origin(kind) is types.UnionType:  # TOML has no null: what is there is the other type
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, f"{where}.", problems)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(inner[0], one, f"{where}[{i}]", problems) for i, one in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _convert(inner[1], one, f"{where}.{key}", problems) for key, one in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and origin is None and isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    problems.append(f"{where} = {value!r} is not of type {getattr(kind, '__name__', kind)}")
    return None
