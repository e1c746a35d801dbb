"""A random GPT-SoVITS voice as a folder the device can load, small enough for every test."""

from __future__ import annotations

from pathlib import Path

import torch

from quantize.about import About
from quantize.gptsovits.bake import Prompt, Voice, bake
from quantize.gptsovits.bert_graph import TextWeights
from quantize.gptsovits.checkpoint import load
from quantize.gptsovits.config import BERT_DIM
from quantize.gptsovits.folder import Built, Precision, write_voice
from quantize.gptsovits.sovits import Speaker
from quantize.gptsovits.t2s import TextToSemantic
from tests.rigs.gptsovits import write_s1, write_s2

ABOUT = About("chance-gsv", "Chance", ("zh", "en"), licence="CC0-1.0")
ENDING = 2.7
"""The end token's logit, about that of the likeliest others, so that sentences end."""


def random_voice(folder: Path, version: str = "v2") -> Voice:
    """Its checkpoints are written to ``folder``."""
    phones = 322 if version == "v1" else 732
    s1 = {"phoneme_vocab_size": 512 if version == "v1" else phones}
    models = load(write_s1(folder / "s1.ckpt", **s1), write_s2(folder / "s2.pth", version))
    _let_it_end(models.t2s)
    noise = torch.Generator().manual_seed(3)
    width = models.sovits.config.speaker
    speaker = Speaker(torch.randn(width, generator=noise) * 0.3, torch.randn(512, generator=noise) * 0.3)
    features = torch.zeros(BERT_DIM, 14)
    prompt = Prompt(torch.randint(0, 1024, (25,), generator=noise), torch.randint(0, phones, (14,), generator=noise), features, speaker)
    return bake(models, prompt)


def _let_it_end(model: TextToSemantic) -> None:
    """Keep one dimension for the end token, and nearly constant."""
    head = model.ar_predict_layer.weight
    with torch.no_grad():
        model.layers[-1].norm2.bias[0] = 6.0
        head[:, 0] = 0
        head[-1] = 0
        head[-1, 0] = ENDING / 6


def write(folder: Path, *, version: str = "v2", precision: Precision = "int8", text_model: TextWeights | None = None) -> tuple[Path, Built]:
    """The voice folder, and what was measured of it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "voice", write_voice(random_voice(folder, version), folder / "voice", ABOUT, precision=precision, text_model=text_model)
