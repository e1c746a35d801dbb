"""The best of the last checkpoints by a fixed metric: a training's last step is as likely its worst as its best."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from distill.corpus.shards import Item
from distill.corpus.texts import LANGUAGES
from distill.evaluate.clip import Clip
from distill.evaluate.naturalness import Naturalness
from distill.staged import staged_file
from distill.student import MobileSoVITS, StudentConfig
from distill.train import checkpoint
from distill.train.data import AudioBatch, text_batch
from distill.train.losses import SpectralLoss
from distill.train.step import crop_wave, text_losses
from edge_agent.digest import sha256_of
from edge_agent.errors import EdgeAgentError

SENTENCES = 20
VERSION = 1


class ChoiceError(EdgeAgentError):
    """There is nothing to choose from, or nothing to judge by."""


class Judge(Protocol):
    """Gives a student a number, the same one whenever asked; ``higher_is_better`` says which way to read it."""

    metric: str
    higher_is_better: bool

    def score(self, model: MobileSoVITS, speaker: Tensor) -> float:
        """
        Raises:
            EdgeAgentError: the student's output is not audio.
        """
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and every score; one of a checkpoint that cannot be scored is None."""

    checkpoint: Path
    metric: str
    scores: dict[str, float | None]


class NaturalnessJudge:
    """Mean DistillMOS of the sentences, spoken by the student alone.

    Raises:
        MissingExtra: the scorer's packages are absent.
    """

    higher_is_better = True

    def __init__(self, items: Sequence[Item]) -> None:
        self._items, self._listener = items, Naturalness()
        self.metric = f"mean of {self._listener.identity} over {len(items)} validation sentences"

    def score(self, model: MobileSoVITS, speaker: Tensor) -> float:
        total = 0.0
        for item in self._items:
            said = model.speak(torch.from_numpy(item.ids), speaker)
            total += self._listener.listen(Clip.of(said.wave.numpy(), model.config.sample_rate), "zh")
        return total / len(self._items)


class LossJudge:
    """Mean of the text side's losses and the spectral loss of whole sentences, against the teacher."""

    higher_is_better = False

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self.metric = f"prosody and spectral loss over {len(items)} validation sentences"

    @torch.no_grad()
    def score(self, model: MobileSoVITS, speaker: Tensor) -> float:
        condition, spectral = model.condition(speaker[None]), SpectralLoss(model.config.sample_rate)
        total = 0.0
        for item in self._items:
            frames = int(item.frames.sum())
            audio = torch.from_numpy(item.audio[: frames * model.config.hop].astype(np.float32) / 32767)[None]
            batch = AudioBatch(text_batch([item]), torch.zeros(1, dtype=torch.long), audio)
            noise = torch.Generator().manual_seed(0)
            loss, _ = spectral(crop_wave(model, batch, condition, frames, noise), audio)
            total += float(loss) + sum(float(part) for part in text_losses(model, batch.text, condition).values())
        return total / len(self._items)


def validation_set(items: Sequence[Item], count: int = SENTENCES) -> list[Item]:
    """The first ``count`` items the teacher spoke of the validation split, each language in turn.

    Raises:
        ChoiceError: there are none.
    """
    spoken = [item for item in items if item.line.split == "valid" and item.audio is not None]
    queues = [[item for item in spoken if item.line.lang == lang] for lang in LANGUAGES]
    longest = max(map(len, queues))
    found = [queue[n] for n in range(longest) for queue in queues if n < len(queue)][:count]
    if not found:
        raise ChoiceError("the corpus holds no validation sentence with audio; raise corpus.audio_lines")
    return found


def choose(folder: Path, judge: Judge, last: int, progress: Callable[[Sequence[Path]], Sequence[Path]] | None = None) -> Choice:
    """Score the newest ``last`` checkpoints of ``folder`` and record the best in ``chosen.json``.

    Raises:
        ChoiceError: there is no checkpoint, or none that can be scored, or the best was deleted meanwhile.
    """
    paths = checkpoint.all_in(folder)[-last:]
    if not paths:
        raise ChoiceError(f"no step-*.pt in {folder}; train first")
    scores: dict[str, float | None] = {}
    faults: list[str] = []
    for path in (progress or _bar)(paths):
        try:
            scores[path.name] = _finite(judge.score(*_load(path)))
        except EdgeAgentError as error:
            scores[path.name] = None
            faults.append(f"{path.name}: {error}")
    usable = {name: score for name, score in scores.items() if score is not None}
    if not usable:
        raise ChoiceError(f"no checkpoint in {folder} can be scored: {'; '.join(faults)}")
    name = (max if judge.higher_is_better else min)(usable, key=lambda one: usable[one])
    choice = Choice(folder / name, judge.metric, scores)
    _record(choice)
    return choice


def _load(path: Path) -> tuple[MobileSoVITS, Tensor]:
    state = checkpoint.load(path)
    try:
        model = MobileSoVITS(StudentConfig.from_dict(state["student"]))
        model.load_state_dict(state["average"])
        return model.eval(), state["speaker"]
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise checkpoint.CheckpointError(f"it holds no student that this program can build ({error!r})") from error


def _finite(score: float) -> float:
    if not math.isfinite(score):
        raise ChoiceError(f"its score is {score}")
    return score


def _bar(paths: Sequence[Path]) -> Sequence[Path]:
    return tqdm(paths, unit="checkpoint", desc="choose")


def _record(choice: Choice) -> None:
    path = choice.checkpoint.with_name(checkpoint.CHOSEN)
    try:
        digest = sha256_of(choice.checkpoint)
    except FileNotFoundError as error:
        raise ChoiceError(f"{choice.checkpoint} was deleted meanwhile: a training goes on there; choose again when it has ended") from error
    values = {
        "version": VERSION,
        "checkpoint": choice.checkpoint.name,
        "sha256": digest,
        "metric": choice.metric,
        "scores": choice.scores,
    }
    with staged_file(path) as file:
        file.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
