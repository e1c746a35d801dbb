"""What a training run is: sizes, steps and rates, typed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from distill.corpus.texts import LANGUAGES
from distill.student.config import SIZES, StudentConfig
from distill.train.discriminator import DiscriminatorConfig

KINDS = ("text", "decoder", "gan")

SEEDS = 1 << 32
"""Below it seed and step together make a seed that torch takes."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training. ``kind``: ``text`` (durations and prosody only), ``decoder`` (adds the waveform, spectral
    losses), ``gan`` (adds discriminators). ``learning_rate`` falls along a cosine to ``final_rate`` of itself."""

    kind: str
    steps: int
    learning_rate: float
    warmup: int = 100
    final_rate: float = 0.1
    phase_weight: float = 0.0
    phase_from: int = 0
    spectral_weight: float = 1.0
    adversarial_weight: float = 1.0

    def faults(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        found = [] if self.kind in KINDS else [f"kind = {self.kind!r} is not one of {', '.join(KINDS)}"]
        if self.steps < 1:
            found.append(f"steps = {self.steps} is not at least 1")
        if not 0 < self.learning_rate < math.inf:
            found.append(f"learning_rate = {self.learning_rate} is not above 0")
        return found


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A run. Batches are a pure function of ``seed`` and the step, so a resumed run equals an uninterrupted one.

    ``size`` names one of :data:`distill.student.SIZES`; ``student`` is a shape of one's own instead. ``language_weights``
    makes crops of a language (``zh``, ``en``, ``mixed``) more or less likely than their share of the corpus.
    """

    seed: int = 1
    size: str = "M"
    student: StudentConfig | None = None
    text_batch: int = 32
    audio_batch: int = 8
    crop_frames: int = 66
    edge_frames: int = 1
    adversarial_frames: int = 32
    text_every: int = 4
    ema: float = 0.999
    grad_clip: float = 5.0
    weight_decay: float = 0.01
    save_every: int = 500
    keep: int = 4
    threads: int = 2
    device: str = "cpu"
    stages: tuple[Stage, ...] = ()
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    language_weights: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def shape(self) -> StudentConfig:
        """What the student looks like."""
        return self.student or SIZES[self.size]

    def faults(self) -> list[str]:
        """Everything that no run can be made of, a sentence each."""
        found = []
        if self.student is None and self.size not in SIZES:
            found.append(f"size = {self.size!r} is not one of {', '.join(SIZES)}")
        if self.device.split(":")[0] not in ("cpu", "cuda"):
            found.append(f"device = {self.device!r} is neither cpu nor cuda")
        counts = ("text_batch", "audio_batch", "edge_frames", "adversarial_frames", "text_every", "save_every", "keep", "threads")
        found += [f"{name} = {getattr(self, name)} is not at least 1" for name in counts if getattr(self, name) < 1]
        if self.crop_frames - 2 * self.edge_frames < self.adversarial_frames:
            found.append(
                f"crop_frames = {self.crop_frames} without edge_frames = {self.edge_frames} at both ends is shorter than "
                f"adversarial_frames = {self.adversarial_frames}"
            )
        ranges = {
            "seed": (0 <= self.seed < SEEDS, f"in 0..{SEEDS - 1}"),
            "grad_clip": (0 < self.grad_clip < math.inf, "above 0"),
            "weight_decay": (0 <= self.weight_decay < math.inf, "at least 0"),
            "ema": (0 <= self.ema < 1, "in 0..1"),
        }
        found += [f"{name} = {getattr(self, name)} is not {wanted}" for name, (fits, wanted) in ranges.items() if not fits]
        for name, weight in self.language_weights.items():
            if name not in LANGUAGES:
                found.append(f"language_weights.{name} is not one of {', '.join(LANGUAGES)}")
            elif not 0 < weight < math.inf:
                found.append(f"language_weights.{name} = {weight} is not above 0")
        if not self.stages:
            found.append("stages is empty")
        for index, stage in enumerate(self.stages):
            found += [f"stages[{index}].{fault}" for fault in stage.faults()]
        return found

    @property
    def total_steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[int, Stage, int]:
        """(index of the stage, the stage, step within it) for a global step below ``total_steps``."""
        for index, stage in enumerate(self.stages):
            if step < stage.steps:
                return index, stage, step
            step -= stage.steps
        raise IndexError("step lies beyond the last stage")
