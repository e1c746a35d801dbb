"""Training of the aligner, and its use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from distill.align.model import Aligner, forward_sum_loss, prior
from distill.align.search import AlignmentError, monotonic_frames
from distill.teachers.audio_only import FLOOR

MEL_MEAN, MEL_SCALE = -4.0, 4.0


@dataclass(frozen=True, slots=True)
class AlignConfig:
    """How the aligner is trained. The diagonal prior fades out over the first half."""

    steps: int = 1500
    batch: int = 16
    learning_rate: float = 2e-3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """``ids`` int64 [tokens] with boundaries, ``mel`` float32 [frames, 80] log mel power, centred and scaled."""

    ids: NDArray[np.int64]
    mel: NDArray[np.float32]

    @classmethod
    def of(cls, ids: NDArray[np.int64], power: NDArray[np.float32]) -> Spoken:
        """From :func:`distill.teachers.audio_only.mel_power`."""
        return cls(ids, ((np.log(power + FLOOR) - MEL_MEAN) / MEL_SCALE).astype(np.float32))


def fit(spoken: Sequence[Spoken], config: AlignConfig) -> Aligner:
    """Train an aligner on ``spoken``, deterministically for a seed.

    Raises:
        AlignmentError: there is nothing in which every phoneme could have a frame, or the loss is not finite.
    """
    usable = sorted((one for one in spoken if len(one.mel) >= len(one.ids)), key=lambda one: len(one.mel))
    if not usable:
        raise AlignmentError("no utterance has as many frames as phonemes")
    rng = np.random.default_rng(config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = Aligner()
    optimiser = torch.optim.AdamW(model.parameters(), config.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=config.steps, pct_start=0.1)
    for step in tqdm(range(config.steps), unit="step", desc="align"):
        start = int(rng.integers(0, max(1, len(usable) - config.batch + 1)))
        ids, mel, tokens, frames = _batch(usable[start : start + config.batch])
        score = model(ids, mel, tokens, frames)
        fading = max(0.0, 1 - 2 * step / config.steps)
        loss = forward_sum_loss(score + fading * prior(score.shape, tokens, frames), tokens, frames)
        if not loss.isfinite():
            raise AlignmentError(f"the aligner's loss is {loss.item()} at step {step}; is there speech in all of the audio?")
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def align(model: Aligner, one: Spoken) -> tuple[NDArray[np.int64], float]:
    """Frames of each token, int64 [tokens], and the mean log-probability of the path, which tells how well the audio fits.

    Raises:
        AlignmentError: fewer frames than phonemes.
    """
    score = model(*_batch([one]))[0].numpy()
    frames = monotonic_frames(score)
    path = score[np.arange(len(score)), np.repeat(np.arange(len(frames)), frames)]
    return frames, float(path.mean())


def _batch(spoken: Sequence[Spoken]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    tokens = torch.tensor([len(one.ids) for one in spoken])
    frames = torch.tensor([len(one.mel) for one in spoken])
    ids = torch.zeros(len(spoken), int(tokens.max()), dtype=torch.long)
    mel = torch.zeros(len(spoken), int(frames.max()), spoken[0].mel.shape[1])
    for row, one in enumerate(spoken):
        ids[row, : len(one.ids)] = torch.from_numpy(one.ids)
        mel[row, : len(one.mel)] = torch.from_numpy(one.mel)
    return ids, mel, tokens, frames
