from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from distill.align import AlignConfig, AlignmentError, Spoken, align_corpus, fit, monotonic_frames
from distill.align.learn import align
from distill.align.model import Aligner, forward_sum_loss
from distill.corpus.shards import read_shard, shard_path, write_shard
from distill.corpus.texts import Line
from distill.teachers import Utterance
from tests.distill.humming import Humming

SYMBOLS = 20


def _sounds(count: int, seed: int = 0) -> tuple[list[Spoken], list[np.ndarray]]:
    """Utterances in which every symbol has a spectrum of its own, and how long each symbol lasts."""
    rng = np.random.default_rng(seed)
    spectra = np.exp(np.random.default_rng(99).normal(-4, 3, (SYMBOLS, 80)))
    spoken, durations = [], []
    for _ in range(count):
        # no symbol twice: between two of a kind there is no boundary to be found
        ids = np.array([0, *rng.choice(np.arange(1, SYMBOLS - 1), int(rng.integers(5, 14)), replace=False), SYMBOLS - 1])
        frames = rng.integers(2, 14, len(ids))
        mel = np.repeat(spectra[ids], frames, 0) * np.exp(rng.normal(0, 0.7, (int(frames.sum()), 80)))
        spoken.append(Spoken.of(ids, mel.astype(np.float32)))
        durations.append(frames)
    return spoken, durations


def _errors(model: Aligner, spoken: list[Spoken], durations: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(
        [np.abs(np.cumsum(align(model, one)[0]) - np.cumsum(frames))[:-1] for one, frames in zip(spoken, durations, strict=True)]
    )


def test_the_path_is_the_best_of_all_monotonic_ones():
    score = np.random.default_rng(3).normal(size=(9, 4)).astype(np.float32)

    def total(counts):
        return score[np.arange(9), np.repeat(np.arange(4), counts)].sum()

    every = [counts for counts in itertools.product(range(1, 7), repeat=4) if sum(counts) == 9]
    assert monotonic_frames(score).tolist() == list(max(every, key=total))


def test_every_token_gets_a_frame():
    assert monotonic_frames(np.zeros((3, 3), np.float32)).tolist() == [1, 1, 1]
    assert monotonic_frames(np.zeros((5, 1), np.float32)).tolist() == [5]
    with pytest.raises(AlignmentError, match="4 phonemes do not fit into 3 frames"):
        monotonic_frames(np.zeros((3, 4), np.float32))


def test_the_loss_is_the_likelihood_of_all_monotonic_paths():
    """CTC's optional blanks made impossible, the sum over paths can be written out."""
    logits = torch.randn(1, 5, 2, generator=torch.Generator().manual_seed(1)).double()
    p = torch.softmax(torch.nn.functional.pad(logits, (1, 0), value=-1.0), -1)[0]
    total = 0.0
    for path in itertools.product(range(3), repeat=5):  # 0 is the blank
        collapsed = [key for key, _ in itertools.groupby(path) if key]
        if collapsed == [1, 2]:
            total += float(torch.stack([p[t, s] for t, s in enumerate(path)]).prod())
    loss = forward_sum_loss(logits, torch.tensor([2]), torch.tensor([5]))
    assert float(loss) == pytest.approx(-np.log(total) / 5, rel=1e-4)


@pytest.fixture(scope="module")
def learned() -> Aligner:
    return fit(_sounds(200)[0], AlignConfig(steps=300, batch=8, learning_rate=3e-3))


def test_known_durations_are_found_in_sounds_never_heard(learned):
    errors = _errors(learned, *_sounds(20, seed=5))
    assert errors.mean() < 1 and np.quantile(errors, 0.95) <= 2  # frames of 12.5 ms


def test_an_untrained_aligner_does_not_find_them():
    torch.manual_seed(0)
    assert _errors(Aligner().eval(), *_sounds(20, seed=5)).mean() > 2


def test_audio_that_says_something_else_fits_worse(learned):
    (right, *_), _ = _sounds(1, seed=6)
    wrong = Spoken(np.roll(right.ids, 3), right.mel)
    assert align(learned, wrong)[1] < align(learned, right)[1] - 0.5


def test_the_same_seed_gives_the_same_aligner():
    spoken, _ = _sounds(6)
    first, again, other = (fit(spoken, AlignConfig(steps=5, batch=4, seed=seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


def test_training_leaves_others_random_numbers_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    fit(_sounds(2)[0], AlignConfig(steps=1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_nothing_to_learn_from_is_said():
    short = Spoken(np.arange(5), np.ones((3, 80), np.float32))
    with pytest.raises(AlignmentError, match="no utterance has as many frames as phonemes"):
        fit([short], AlignConfig(steps=1))
    broken = Spoken(np.arange(3), np.full((8, 80), np.nan, np.float32))
    with pytest.raises(AlignmentError, match="loss is nan at step 0"):
        fit([broken], AlignConfig(steps=1))


def _takes(folder, shards: int = 2) -> None:
    folder.mkdir()
    for number in range(shards):
        rows = []
        for n in range(6):
            phonemes = "".join("abefhijklmnop"[(7 * n + 3 * k + number) % 13] for k in range(5 + n))
            said = Humming().speak(phonemes)
            take = Utterance(phonemes, said.ids, said.audio, f0_hz=said.f0_hz, energy=said.energy)
            rows.append((Line(phonemes, "en", phonemes, "train"), take))
        write_shard(folder, number, rows)


def test_takes_become_shards_with_durations_and_a_missing_one_is_made_again(tmp_path):
    takes, out = tmp_path / "takes", tmp_path / "audio"
    _takes(takes)
    left_out = align_corpus(takes, out, AlignConfig(steps=20, batch=4))
    items = [item for number in (0, 1) for item in read_shard(shard_path(out, number))]
    assert len(items) + left_out == 12 and len(items) >= 10
    for item in items:
        assert len(item.frames) == len(item.ids) and item.frames.min() >= 1
        assert item.frames.sum() == len(item.f0_hz) == len(item.audio) // 300
        assert np.array_equal(item.units, item.frames / 2)
    first = [item.frames.tolist() for item in read_shard(shard_path(out, 1))]
    shard_path(out, 1).unlink()
    kept = shard_path(out, 0).stat().st_mtime_ns
    align_corpus(takes, out, AlignConfig(steps=20, batch=4))
    assert [item.frames.tolist() for item in read_shard(shard_path(out, 1))] == first and shard_path(out, 0).stat().st_mtime_ns == kept


def test_no_takes_is_said(tmp_path):
    with pytest.raises(AlignmentError, match="no takes in"):
        align_corpus(tmp_path, tmp_path / "out", AlignConfig())
