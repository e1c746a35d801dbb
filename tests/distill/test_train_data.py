from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from distill.corpus.shards import CorpusError
from distill.train.data import AudioBatches, TextBatches, load_items, text_batch
from distill.train.discriminator import Discriminator, adversarial_losses
from distill.train.group import Group
from distill.train.losses import SpectralLoss, mel_matrix
from tests.distill import tiny

ALONE = Group("cpu")


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    return tiny.corpus(tmp_path_factory.mktemp("corpus"))


def test_a_batch_is_a_function_of_seed_and_step(items):
    batches = [TextBatches(items, 4, seed, ALONE) for seed in (1, 1, 2)]
    assert torch.equal(batches[0](7).ids, batches[1](7).ids)
    assert any(not torch.equal(batches[0](step).f0_hz, batches[2](step).f0_hz) for step in range(4))
    crops = [AudioBatches(items, 2, 16, 1, tiny.STUDENT, ALONE)(step) for step in (3, 3, 4)]
    assert torch.equal(crops[0].audio, crops[1].audio) and not torch.equal(crops[0].audio, crops[2].audio)


def test_padding_is_masked_and_everything_else_is_there(items):
    batch = text_batch(items[:3])
    for row, item in enumerate(items[:3]):
        tokens, frames = len(item.ids), int(item.frames.sum())
        assert batch.ids[row, :tokens].tolist() == item.ids.tolist()
        assert batch.mask[row].sum() == tokens and batch.frame_mask[row].sum() == frames
        assert np.array_equal(batch.f0_hz[row, :frames], item.f0_hz) and not batch.f0_hz[row, frames:].any()
        assert batch.frames[row].sum() == frames and not batch.mask[row, tokens:].any()


def test_a_crop_is_the_audio_of_its_frames(items):
    batch = AudioBatches(items, 4, 16, 1, tiny.STUDENT, ALONE)(2)
    for row in range(4):
        ids = batch.text.ids[row]
        item = next(i for i in items if i.ids.tolist() == ids[: int(batch.text.mask[row].sum())].tolist())
        start = int(batch.start[row]) * 300
        assert np.allclose(batch.audio[row], item.audio[start : start + 4800] / 32767, atol=1e-6)


def test_an_empty_or_too_short_corpus_is_told(items, tmp_path):
    with pytest.raises(CorpusError, match=r"no usable items in .*build the corpus first"):
        load_items([tmp_path], lambda item: True)
    with pytest.raises(CorpusError, match="no item with audio is longer than a crop of 9999 frames"):
        AudioBatches(items, 2, 9999, 1, tiny.STUDENT, ALONE)


def test_items_are_kept_by_the_given_rule(tmp_path):
    tiny.corpus(tmp_path)
    assert {item.line.split for item in load_items([tmp_path], lambda item: item.line.split == "train")} == {"train"}


def test_mel_filters_are_averages_over_rising_bands():
    matrix = mel_matrix(1024, 24_000, 40)
    assert matrix.shape == (513, 40) and torch.allclose(matrix.sum(0), torch.ones(40), atol=1e-4)
    centres = (matrix * torch.arange(513)[:, None]).sum(0)
    assert (centres.diff() > 0).all()


def test_the_spectral_loss_is_zero_for_the_same_wave_and_grows_with_the_difference():
    wave = torch.randn(2, 6000, generator=torch.Generator().manual_seed(0))
    loss = SpectralLoss()
    assert float(loss(wave, wave, 0.3)[0]) == pytest.approx(0, abs=1e-6)
    near, far = (float(loss(wave + level * torch.roll(wave, 50, 1), wave)[0]) for level in (0.05, 0.5))
    assert 0 < near < far
    shifted, parts = loss(-wave, wave, 1.0)
    assert float(shifted) == pytest.approx(parts["phase"], rel=1e-4) and parts["mel"] < 1e-6  # magnitudes alone would not notice


def test_the_adversarial_slope_is_the_gradient_of_fooling_and_twice_the_matching():
    torch.manual_seed(0)
    discriminator = Discriminator(dataclasses.replace(tiny.DISCRIMINATOR))
    wave, target = torch.randn(2, 2400), torch.randn(2, 2400)
    against, slope, game = adversarial_losses(discriminator, wave, target)
    probe = slope / slope.norm() * 0.002  # where a difference stands out of rounding

    def generator_loss(made):
        _, _, (fooling, matching) = adversarial_losses(discriminator, made, target)
        return float(fooling + 2 * matching)

    expected = (generator_loss(wave + probe) - generator_loss(wave - probe)) / 2
    assert float((slope * probe).sum()) == pytest.approx(expected, rel=0.05)
    assert float(against.detach()) > 0 and generator_loss(wave) == pytest.approx(float(game[0] + 2 * game[1]), rel=1e-5)
    against.backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in discriminator.parameters())


def test_a_language_is_drawn_as_often_as_its_weight_says(items):
    alone = AudioBatches(items, 8, 16, 1, tiny.STUDENT, ALONE, {"zh": 1e-9, "mixed": 1e-9})
    english = {tuple(item.ids.tolist()) for item in items if item.line.lang == "en"}
    assert english and len(english) < len(items)
    batch = alone(5).text
    assert all(tuple(ids[: int(mask.sum())].tolist()) in english for ids, mask in zip(batch.ids, batch.mask, strict=True))
