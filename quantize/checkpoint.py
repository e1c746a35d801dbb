"""A training checkpoint as a voice is made from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from distill.student import MobileSoVITS, StudentConfig
from distill.train import checkpoint
from quantize.errors import QuantizeError


@dataclass(frozen=True, slots=True)
class Student:
    """``model`` in float32 with the averaged weights; ``speaker`` unit-norm float32 [speaker_dim]. ``cloned_from`` are the SHA-256 of
    the recordings whose voice it is, None if it is nobody's; ``says_whose`` is False for a checkpoint of before these were kept."""

    model: MobileSoVITS
    speaker: Tensor
    step: int
    sha256: str
    cloned_from: tuple[str, ...] | None = None
    says_whose: bool = True


def load_student(path: Path) -> Student:
    """Read the averaged weights of a ``step-*.pt`` file, or of the one chosen in a run's folder, the newest if none was.

    Raises:
        CheckpointError: damaged, or of another format, or what was chosen is gone.
        QuantizeError: there is none, or it holds no student, or numbers that are not finite.
    """
    file = checkpoint.best(path) if path.is_dir() else path
    if file is None or not file.is_file():
        raise QuantizeError(f"no checkpoint at {path}; expected a step-*.pt file or a run's folder that holds one")
    state = checkpoint.load(file)
    try:
        model = MobileSoVITS(StudentConfig.from_dict(state["student"]))
        model.load_state_dict(state["average"])
        speaker, step = state["speaker"].float(), int(state["step"])
        cloned_from = state.get("cloned_from")
        cloned_from = None if cloned_from is None else tuple(map(str, cloned_from))
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise QuantizeError(f"{file} holds no student that this program can build: {error}") from error
    if speaker.shape != (model.config.speaker_dim,):
        raise QuantizeError(f"{file} has a speaker vector of shape {tuple(speaker.shape)}, expected ({model.config.speaker_dim},)")
    broken = [name for name, value in {**state["average"], "speaker": speaker}.items() if not value.isfinite().all()]
    if broken:
        raise QuantizeError(f"{file}: {len(broken)} tensors are not finite, the first is {broken[0]}; take an earlier checkpoint")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Student(model.eval(), speaker, step, digest, cloned_from, "cloned_from" in state)
