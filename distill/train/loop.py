"""The training loop: stages, checkpoints, resume, and what happens when a loss explodes."""

from __future__ import annotations

import json
import math
from collections import deque
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from distill.student import SIZES, MobileSoVITS
from distill.train import checkpoint
from distill.train.config import Stage, TrainConfig
from distill.train.data import AudioBatches, TextBatches
from distill.train.discriminator import Discriminator
from distill.train.group import Group
from distill.train.step import Stepper
from edge_agent.errors import EdgeAgentError


class TrainingError(EdgeAgentError):
    """Training cannot go on; the last good checkpoint is kept and named."""


class Trainer:
    """Trains one student.

    Args:
        config: the run.
        folder: checkpoints and ``log.jsonl`` go here; the newest checkpoint is continued.
        text: batches of phonemes with the text side's targets.
        audio: batches of crops; may be None while only ``text`` stages run.
        speaker: unit-norm speaker vector float32 [speaker_dim].
        group: the processes that train together; the batches must have been made with the same.
    """

    def __init__(
        self, config: TrainConfig, folder: Path, text: TextBatches, audio: AudioBatches | None, speaker: Tensor, group: Group
    ) -> None:
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.config, self.folder, self._text, self._audio, self._group = config, folder, text, audio, group
        self.model = MobileSoVITS(SIZES[config.size]).to(config.device)
        self.discriminator = Discriminator(config.discriminator).to(config.device)
        self._stepper = Stepper(config, self.model, self.discriminator, speaker.to(config.device))
        self._speaker = speaker
        adam = {"betas": (0.8, 0.99), "weight_decay": config.weight_decay, "fused": True}
        self._optimiser = torch.optim.AdamW(self.model.parameters(), 1e-3, **adam)
        self._opponent = torch.optim.AdamW(self.discriminator.parameters(), 2e-4, **adam)
        self.average = {name: value.detach().clone().float() for name, value in self.model.state_dict().items()}
        self.step = 0
        self._recent: deque[float] = deque(maxlen=200)
        self._resume()

    def run(self, until: int | None = None) -> None:
        """Train to the end of the last stage, or to global step ``until``.

        Raises:
            TrainingError: a loss became NaN or exploded.
        """
        end = min(until or self.config.total_steps, self.config.total_steps)
        with tqdm(total=end, initial=self.step, unit="step", smoothing=0.02, disable=not self._group.leads) as bar:
            while self.step < end:
                parts = self._one_step()
                if self.step % 20 == 0 and self._group.leads:
                    self._log(parts)
                    bar.set_postfix({name: f"{value:.3f}" for name, value in parts.items()})
                self.step += 1
                bar.update()
                if (self.step % self.config.save_every == 0 or self.step == end) and self._group.leads:
                    self._save()

    def _one_step(self) -> dict[str, float]:
        _, stage, stage_step = self.config.stage_at(self.step)
        generator = torch.Generator().manual_seed((self.config.seed * 1_000_003 + self.step) * 64 + self._group.rank)
        rate = _rate(stage, stage_step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        self._opponent.zero_grad()
        parts: dict[str, float] = {}
        if stage.kind == "text" or self.step % self.config.text_every == 0:
            parts |= self._stepper.text(self._text(self.step))
        if stage.kind != "text":
            if self._audio is None:
                raise TrainingError(f"stage {stage.kind} needs a corpus with audio")
            parts |= self._stepper.audio(self._audio(self.step), stage, stage_step, generator)
        self._group.average_gradients(self.model.parameters())
        if stage.kind == "gan":
            self._group.average_gradients(self.discriminator.parameters())
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip))
        self._guard(parts, norm)
        self._optimiser.step()
        if stage.kind == "gan":
            self._opponent.step()
        checkpoint.update_ema(self.average, self.model, self.config.ema, self.step)
        return parts | {"gradient": norm, "rate": rate}

    def _guard(self, parts: dict[str, float], norm: float) -> None:
        worst = max([abs(value) for value in parts.values()])
        if math.isfinite(norm) and math.isfinite(worst):
            self._recent.append(norm)
            return
        last = checkpoint.newest(self.folder)
        raise TrainingError(
            f"step {self.step}: loss or gradient is not finite ({parts}, gradient {norm}); nothing of this step was kept, the last good "
            f"checkpoint is {last}. Lower the learning rate of this stage, or look at the batch: distill inspect --step {self.step}"
        )

    def _log(self, parts: dict[str, float]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": self.step, **{k: round(v, 5) for k, v in parts.items()}}) + "\n")

    def _save(self) -> None:
        state = {
            "step": self.step,
            "config": self.config.to_dict(),
            "student": self.model.config.to_dict(),
            "speaker": self._speaker,
            "model": self.model.state_dict(),
            "average": self.average,
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "opponent": self._opponent.state_dict(),
        }
        checkpoint.save(self.folder / f"step-{self.step:07d}.pt", state)
        for old in sorted(self.folder.glob("step-*.pt"))[: -self.config.keep]:
            old.unlink()

    def _resume(self) -> None:
        path = checkpoint.newest(self.folder)
        if path is None:
            return
        state = checkpoint.load(path)
        if state["student"] != self.model.config.to_dict():
            raise checkpoint.CheckpointError(f"{path} holds a student of another shape; use another folder or the same size")
        self.model.load_state_dict(state["model"])
        self.discriminator.load_state_dict(state["discriminator"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._opponent.load_state_dict(state["opponent"])
        self.average = state["average"]
        self.step = state["step"]


def _rate(stage: Stage, step: int) -> float:
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    progress = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.learning_rate * (stage.final_rate + (1 - stage.final_rate) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
