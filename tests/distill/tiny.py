"""A student small enough to be trained in a test, and something to train it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from distill.corpus.shards import Item, read_shard, write_shard
from distill.corpus.texts import Line
from distill.student import MobileSoVITS, StudentConfig
from distill.train.config import Stage, TrainConfig
from distill.train.data import AudioBatches, TextBatches
from distill.train.discriminator import DiscriminatorConfig
from distill.train.group import Group
from distill.train.loop import Trainer
from tests.distill.humming import Humming

STUDENT = StudentConfig(
    text_dim=16, text_hidden=24, text_blocks=2, text_heads=2, attention_after=(1,), duration_blocks=1, prosody_dim=16,
    prosody_hidden=24, prosody_blocks=1, decoder_dim=16, decoder_hidden=24, decoder_blocks=2, speaker_dim=8, condition_dim=8,
)
DISCRIMINATOR = DiscriminatorConfig(periods=(2, 3), period_channels=(4, 8), ffts=(512,), fft_channels=(4, 4))
STAGES = (
    Stage("text", 2, 2e-3, warmup=1),
    Stage("decoder", 3, 2e-3, warmup=1, phase_weight=0.3, phase_from=1),
    Stage("gan", 4, 1e-3, warmup=1, phase_weight=0.2, spectral_weight=10.0),
)
TEXTS = ("ni↓xau↓.", "ðə tɹˈAn ɪz hˈɪɹ.", "ʦaɪ↘ʨjɛ↘n", "wˈʌn, tˈu, θɹˈi", "bˈOɹdɪŋ", "mi↗ŋ tʰjɛ→n", "kˈWntəɹ", "ʂʨ→ ʨjou↓")


def config(**changes: Any) -> TrainConfig:
    """A run of nine steps through all kinds of stages."""
    values = {
        "student": STUDENT, "discriminator": DISCRIMINATOR, "stages": STAGES, "text_batch": 4, "audio_batch": 2, "crop_frames": 16,
        "adversarial_frames": 8, "text_every": 2, "save_every": 3, "keep": 10, "threads": 1, "ema": 0.9,
    }
    return TrainConfig(**{**values, **changes})


def corpus(folder: Path, texts: tuple[str, ...] = TEXTS) -> list[Item]:
    """One shard of what :class:`Humming` says, written and read."""
    folder.mkdir(parents=True, exist_ok=True)
    teacher = Humming()
    lines = [Line(text, ("zh", "en", "mixed")[n % 3], text, "valid" if n % 4 == 3 else "train") for n, text in enumerate(texts)]
    write_shard(folder, 0, [(line, teacher.speak(line.phonemes)) for line in lines])
    return list(read_shard(folder / "shard-00000.npz"))


def speaker() -> torch.Tensor:
    return torch.nn.functional.normalize(torch.arange(1.0, STUDENT.speaker_dim + 1), dim=0)


def trainer(run: TrainConfig, folder: Path, items: list[Item], **options: Any) -> Trainer:
    group = Group("cpu")
    text = TextBatches(items, run.text_batch, run.seed, group)
    audio = AudioBatches(items, run.audio_batch, run.crop_frames, run.seed, run.shape, group)
    return Trainer(run, folder, text, audio, options.pop("speaker", speaker()), group, **options)


def lively(model: MobileSoVITS) -> MobileSoVITS:
    """Weights by chance where a new student has zeros that hide a path."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".film." in name:
                parameter.normal_(0, 0.3)
    return model
