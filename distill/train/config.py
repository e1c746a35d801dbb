"""What a training run is: sizes, steps and rates, typed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from distill.train.discriminator import DiscriminatorConfig


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


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A run. Batches are a pure function of ``seed`` and the step, so a resumed run equals an uninterrupted one."""

    seed: int = 1
    size: str = "M"
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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

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
