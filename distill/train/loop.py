"""The training loop: stages, checkpoints, resume, and what happens when a loss explodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor
from tqdm import tqdm

from distill.student import MobileSoVITS
from distill.train import checkpoint, log
from distill.train.compatible import differences
from distill.train.config import Stage, TrainConfig
from distill.train.data import AudioBatches, TextBatches
from distill.train.discriminator import Discriminator
from distill.train.group import Group
from distill.train.step import Stepper
from distill.train.watch import GradientWatch
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
        group: the processes that train together, and the device of this one; the batches must have been made with the same.
        corpus: name of the corpus the batches come from, kept in the checkpoints.
        cloned_from: SHA-256 of the recordings whose voice it is, kept in the checkpoints, so that no voice made of them forgets whose
            consent it needs; None: nobody's. A checkpoint that is continued keeps what it has.
        accept_changes: go on from a checkpoint although it was made with other settings, from here on with these.

    Raises:
        CheckpointError: the newest checkpoint is damaged, or one of another student, speaker, corpus or configuration.
        TrainingError: the batches cannot be shared out evenly among the processes.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        text: TextBatches,
        audio: AudioBatches | None,
        speaker: Tensor,
        group: Group,
        *,
        corpus: str = "",
        cloned_from: Sequence[str] | None = None,
        accept_changes: bool = False,
    ) -> None:
        if config.text_batch % group.size or config.audio_batch % group.size:
            raise TrainingError(
                f"batches of {config.text_batch} segments and {config.audio_batch} crops cannot be shared evenly by {group.size} processes"
            )
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.config, self.folder, self._text, self._audio, self._group = config, folder, text, audio, group
        self.model = MobileSoVITS(config.shape).to(group.device)
        self.discriminator = Discriminator(config.discriminator).to(group.device)
        self._stepper = Stepper(config, self.model, self.discriminator, speaker.to(group.device))
        self._speaker = speaker
        adam = {"betas": (0.8, 0.99), "weight_decay": config.weight_decay, "fused": True}
        self._optimiser = torch.optim.AdamW(self.model.parameters(), 1e-3, **adam)
        self._opponent = torch.optim.AdamW(self.discriminator.parameters(), 2e-4, **adam)
        self.average = {name: value.detach().clone().float() for name, value in self.model.state_dict().items()}
        self.step = 0
        self._corpus = corpus
        self._cloned_from = None if cloned_from is None else sorted(cloned_from)
        self._watches = {"student": GradientWatch(), "discriminator": GradientWatch()}
        self._resume(accept_changes)

    def run(self, until: int | None = None) -> None:
        """Train to the end of the last stage, or to global step ``until``.

        Raises:
            TrainingError: a loss became NaN or exploded.
            CheckpointError: a checkpoint cannot be written.
        """
        end = self.config.total_steps if until is None else min(until, self.config.total_steps)
        due = False
        with tqdm(total=end, initial=self.step, unit="step", smoothing=0.02, disable=not self._group.leads) as bar:
            while self.step < end:
                parts = self._one_step()
                if self.step % 20 == 0 and self._group.leads:
                    self._log(parts)
                    bar.set_postfix({name: f"{value:.3f}" for name, value in parts.items()})
                self.step += 1
                bar.update()
                due |= self.step % self.config.save_every == 0 or self.step == end
                if due and not self._suspicious:  # while gradients are out of proportion the last checkpoint is the good one
                    due = False
                    if self._group.leads:
                        self._save()
        if self._suspicious:
            self._stop("gradients are out of proportion at the end", {})

    def _one_step(self) -> dict[str, float]:
        _, stage, stage_step = self.config.stage_at(self.step)
        if stage_step == 0:
            for watch in self._watches.values():
                watch.forget()
        generator = torch.Generator().manual_seed((self.config.seed * 1_000_003 + self.step) * 64 + self._group.rank)
        rate = _rate(stage, stage_step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        self._opponent.zero_grad()
        parts: dict[str, float] = {}
        if stage.kind == "text" or self.step % self.config.text_every == 0:
            parts |= self._stepper.text(self._text(self.step).to(self._group.device))
        if stage.kind != "text":
            if self._audio is None:
                raise TrainingError(f"stage {stage.kind} needs a corpus with audio")
            parts |= self._stepper.audio(self._audio(self.step).to(self._group.device), stage, stage_step, generator)
        self._group.average_gradients(self.model.parameters())
        norms = {"student": float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip))}
        if stage.kind == "gan":
            self._group.average_gradients(self.discriminator.parameters())
            gradients = [p.grad for p in self.discriminator.parameters() if p.grad is not None]
            norms["discriminator"] = float(torch.nn.utils.get_total_norm(gradients))
        self._guard(parts, norms)
        self._optimiser.step()
        if stage.kind == "gan":
            self._opponent.step()
        checkpoint.update_ema(self.average, self.model, self.config.ema, self.step)
        return parts | {"gradient": norms["student"], "rate": rate}

    @property
    def _suspicious(self) -> bool:
        return any(watch.suspicious for watch in self._watches.values())

    def _guard(self, parts: dict[str, float], norms: dict[str, float]) -> None:
        if not all(map(math.isfinite, [*norms.values(), *parts.values()])):
            self._stop("loss or gradient is not finite", {**parts, **norms})
        for name, norm in norms.items():
            watch = self._watches[name]
            watch.see(norm)
            if watch.exploded:
                self._stop(f"the gradient of the {name} explodes, usually it is {watch.usual:.3g}", {**parts, **norms})

    def _stop(self, what: str, values: dict[str, float]) -> NoReturn:
        numbers = f" ({', '.join(f'{name} {value:.4g}' for name, value in values.items())})" if values else ""
        raise TrainingError(
            f"step {self.step}: {what}{numbers}; nothing of this step was kept, the last good "
            f"checkpoint is {checkpoint.newest(self.folder)}. Lower this stage's learning rate, or raise its warmup"
        )

    def _log(self, parts: dict[str, float]) -> None:
        log.append(self.folder / "log.jsonl", {"step": self.step, **{k: round(v, 5) for k, v in parts.items()}})

    def _save(self) -> None:
        state = {
            "step": self.step,
            "corpus": self._corpus,
            "cloned_from": self._cloned_from,
            "watches": {name: watch.state() for name, watch in self._watches.items()},
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
        checkpoint.prune(self.folder, self.config.keep)

    def _resume(self, accept_changes: bool) -> None:
        path = checkpoint.newest(self.folder)
        if path is None:
            return
        advice = "delete it to go on from the one before"
        try:
            state = checkpoint.load(path)
        except checkpoint.CheckpointError as error:
            raise checkpoint.CheckpointError(f"{error}; {advice}") from error
        try:
            self._refuse_strangers(path, state, accept_changes)
            self.model.load_state_dict(state["model"])
            self.discriminator.load_state_dict(state["discriminator"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._opponent.load_state_dict(state["opponent"])
            self.average = {name: value.to(self._group.device) for name, value in state["average"].items()}
            self.step = state["step"]
            if state.get("cloned_from") is not None:
                self._cloned_from = sorted({*state["cloned_from"], *(self._cloned_from or ())})
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise checkpoint.CheckpointError(f"{path} is no checkpoint of this training ({error}); use another folder") from error
        if not all(value.isfinite().all() for value in [*self.model.state_dict().values(), *self.average.values()]):
            raise checkpoint.CheckpointError(f"{path} holds weights that are not finite; {advice}")
        for name, norms in state.get("watches", {}).items():
            self._watches[name].restore(norms)

    def _refuse_strangers(self, path: Path, state: dict[str, Any], accept_changes: bool) -> None:
        if state["student"] != self.model.config.to_dict():
            raise checkpoint.CheckpointError(f"{path} holds a student of another shape; use another folder or the same size")
        found = differences(state["config"], self.config, state["step"])
        if state["speaker"].tolist() != self._speaker.tolist():
            found.append("the speaker vector is another")
        if self._corpus and state.get("corpus", self._corpus) != self._corpus:
            found.append(f"the corpus was {state['corpus']}, now {self._corpus}")
        if found and not accept_changes:
            raise checkpoint.CheckpointError(
                f"{path} was made with another configuration: {'; '.join(found)}. Undo that, train in another folder, or say "
                "--accept-changes"
            )


def _rate(stage: Stage, step: int) -> float:
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    progress = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.learning_rate * (stage.final_rate + (1 - stage.final_rate) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
