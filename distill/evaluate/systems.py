"""Whoever speaks the sentences: a teacher, a student in a checkpoint, a finished voice."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from distill.evaluate.clip import Clip
from distill.evaluate.errors import EvaluationError
from distill.evaluate.sentences import Sentence
from distill.staged import staged_file
from distill.teachers import Teacher
from edge_agent import text
from edge_agent.synthesis import Runtime
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import Speech

TeacherOf = Callable[[Path], Teacher]
"""Opens the teacher that the recipe in a file names."""

TEACHER_FILES = ("full.onnx", "voices.npz", "vocab.json")


class System(Protocol):
    """Speaks sentences, deterministically."""

    name: str
    identity: str
    """Says which weights and settings these are; goes into the result file."""

    def speak(self, sentence: Sentence) -> Clip:
        """
        Raises:
            EdgeAgentError: the sentence cannot be read, or what came out is not audio.
        """
        ...


def sentence_phonemes(sentence: Sentence) -> str:
    """What every system is given to read.

    Raises:
        EvaluationError: nothing in the sentence is spoken.
    """
    phonemes = text.phonemes(sentence.text, "auto" if sentence.lang == "mixed" else sentence.lang)
    if not phonemes:
        raise EvaluationError(f"{sentence.key} has nothing to speak: {sentence.text!r}")
    return phonemes


class TeacherSystem:
    """A teacher, whose clips are kept in ``memory``: it is slow, and it never changes."""

    def __init__(self, name: str, teacher: Teacher, memory: Path) -> None:
        self.name = name
        self.identity = json.dumps(teacher.describe(), sort_keys=True)
        self._teacher, self._memory = teacher, memory / "teacher"

    def speak(self, sentence: Sentence) -> Clip:
        phonemes = sentence_phonemes(sentence)
        path = self._memory / f"{hashlib.sha256(f'{self.identity}|{phonemes}'.encode()).hexdigest()}.npz"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                return Clip(kept["audio"], int(kept["sample_rate"]), kept.get("frames"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # none yet, or cut off while copied: ask again
            said = self._teacher.speak(phonemes, sentence.text)
        clip = Clip.of(said.audio, self._teacher.sample_rate, said.frames)
        durations = {} if clip.frames is None else {"frames": clip.frames}
        with staged_file(path) as stage, stage.open("wb") as file:
            np.savez(file, audio=clip.audio, sample_rate=clip.sample_rate, **durations)
        return clip


class StudentSystem:
    """The averaged weights of a training checkpoint.

    Args:
        checkpoint: a ``step-*.pt`` file, or a run's folder, of which the chosen one is taken, else the newest.

    Raises:
        CheckpointError: the checkpoint is damaged or of another format, or what was chosen is gone.
        EvaluationError: the folder holds none.
    """

    def __init__(self, name: str, checkpoint: Path) -> None:
        from distill.train.checkpoint import best

        path = best(checkpoint) if checkpoint.is_dir() else checkpoint
        if path is None:
            raise EvaluationError(f"no step-*.pt in {checkpoint}")
        self.name = name
        self._path = path
        self.identity = f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"

    def speak(self, sentence: Sentence) -> Clip:
        import torch

        from edge_agent.text.symbols import encode

        model, speaker = self._loaded
        said = model.speak(torch.tensor(encode(sentence_phonemes(sentence))), speaker)
        return Clip.of(said.wave.numpy(), model.config.sample_rate, 2 * said.units.numpy())

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        from distill.student import MobileSoVITS, StudentConfig
        from distill.train.checkpoint import load

        state = load(self._path)
        broken = sorted(name for name, value in state["average"].items() if not value.isfinite().all())
        if broken:
            raise EvaluationError(f"{self._path} holds weights that are not finite, {broken[0]} first; take an earlier checkpoint")
        model = MobileSoVITS(StudentConfig.from_dict(state["student"]))
        model.load_state_dict(state["average"])
        return model.eval(), state["speaker"]


class FolderSystem:
    """A finished voice, spoken by the device's engine."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.identity = f"voice {hashlib.sha256((folder / 'voice.json').read_bytes()).hexdigest()}"
        self._engine = MobileSoVITSEngine(folder, Runtime("cpu", 1))

    def speak(self, sentence: Sentence) -> Clip:
        """
        Raises:
            EdgeAgentError: the sentence cannot be read, or what came out is not audio.
        """
        segment = Speech(sentence.text, "mixed", sentence_phonemes(sentence))
        return Clip.of(np.concatenate(list(self._engine.synthesize(segment))), self._engine.sample_rate)


def open_system(name: str, path: Path, *, teacher_of: TeacherOf, style: dict[str, float], memory: Path, threads: int) -> System:
    """What lies at ``path``: a teacher's folder, a recipe that names a teacher, a voice folder, a checkpoint, or a run's folder.

    Raises:
        EvaluationError: none of these.
        RecipeError, TeacherError, CheckpointError: it is one, but cannot be used.
    """
    if all((path / file).is_file() for file in TEACHER_FILES):
        from distill.teachers.kokoro import KokoroTeacher

        return TeacherSystem(name, KokoroTeacher(path, style, threads=threads), memory)
    if path.suffix == ".toml":
        return TeacherSystem(name, teacher_of(path), memory)
    if (path / "voice.json").is_file():
        return FolderSystem(name, path)
    if (path.suffix == ".pt" and path.is_file()) or any(path.glob("step-*.pt")):
        return StudentSystem(name, path)
    raise EvaluationError(
        f"{name}={path} is no system: expected a teacher's folder ({', '.join(TEACHER_FILES)}), a recipe (*.toml), a voice "
        "folder (voice.json), a checkpoint (*.pt) or a run's folder (step-*.pt)"
    )
