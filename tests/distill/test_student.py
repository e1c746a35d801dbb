from __future__ import annotations

import numpy as np
import pytest
import torch

from distill.student import SIZES, MobileSoVITS, StudentConfig
from distill.student.decoder import MAX_LOG_MAGNITUDE, Head, band_matrix
from distill.student.prosody import F0_FLOOR_HZ
from distill.student.source import harmonic_source
from distill.student.stft import ShortFrames, overlap_add
from distill.student.text import expand
from distill.train.data import AudioBatch, text_batch
from distill.train.losses import SpectralLoss
from distill.train.step import crop_wave, text_losses
from edge_agent.text.symbols import N_IDS, encode
from tests.distill import tiny

IDS = torch.tensor(encode("ni↓xau↓, tɹˈAn."))
RATE, HOP = 24_000, 300


@pytest.fixture(scope="module")
def model() -> MobileSoVITS:
    torch.manual_seed(0)
    return tiny.lively(MobileSoVITS(tiny.STUDENT)).eval()


@pytest.mark.parametrize(("size", "millions"), [("S", 5.70), ("M", 12.18)])
def test_a_size_has_as_many_parameters_as_it_says(size, millions):
    with torch.device("meta"):
        student = MobileSoVITS(SIZES[size])
    assert sum(p.numel() for p in student.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    assert SIZES[size].n_symbols >= N_IDS


def test_every_grid_divides_evenly():
    for config in SIZES.values():
        assert config.sample_rate == 80 * config.hop and config.sub_frames * config.head_hop == config.hop
        assert config.head_fft % config.head_hop == 0 and max(config.attention_after) < config.text_blocks


def test_a_shape_survives_being_stored():
    assert StudentConfig.from_dict(tiny.STUDENT.to_dict()) == tiny.STUDENT


def test_speech_lies_on_the_frame_grid_and_repeats_for_a_seed(model):
    said, again, other = (model.speak(IDS, tiny.speaker(), seed=seed) for seed in (3, 3, 4))
    frames = 2 * int(said.units.sum())
    assert said.units.shape == IDS.shape and int(said.units.min()) >= 1
    assert said.f0_hz.shape == said.energy.shape == (frames,) and said.wave.shape == (frames * HOP,)
    assert said.wave.isfinite().all() and torch.equal(said.wave, again.wave) and not torch.equal(said.wave, other.wave)


def test_twice_the_speed_is_half_the_length(model):
    with torch.no_grad():
        model.text.duration.bias.fill_(2.0)
    normal, fast = (int(model.speak(IDS, tiny.speaker(), speed=speed).units.sum()) for speed in (1.0, 2.0))
    assert fast == pytest.approx(normal / 2, abs=0.5 * len(IDS))


def test_padding_changes_nothing(model):
    condition = model.condition(tiny.speaker()[None])
    alone, alone_units = model.text(IDS[None], torch.ones(1, len(IDS), 1), condition)
    padded = torch.cat([IDS, torch.full((9,), 17)])[None]
    mask = (torch.arange(padded.shape[1]) < len(IDS)).float()[None, :, None]
    features, units = model.text(padded, mask, condition)
    assert torch.allclose(features[:, : len(IDS)], alone, atol=1e-5) and torch.allclose(units[:, : len(IDS)], alone_units, atol=1e-5)
    assert not features[:, len(IDS) :].any()

    frames = torch.randn(1, 20, tiny.STUDENT.text_dim + 2)
    noisy = torch.cat([frames, torch.randn(1, 6, frames.shape[2])], 1)
    with_mask = model.prosody(noisy, condition, (torch.arange(26) < 20).float()[None, :, None])
    for ours, theirs in zip(with_mask, model.prosody(frames, condition), strict=True):
        assert torch.allclose(ours[:, :20], theirs, atol=1e-5)


def test_a_batch_of_segments_has_the_losses_of_its_segments(model, tmp_path):
    items = tiny.corpus(tmp_path)
    condition = model.condition(tiny.speaker()[None])
    together = text_losses(model, text_batch(items[:2]), condition.expand(2, -1))
    apart = [text_losses(model, text_batch([item]), condition) for item in items[:2]]
    tokens = torch.tensor([float(len(item.ids)) for item in items[:2]])
    expected = sum(loss["duration"] * n for loss, n in zip(apart, tokens, strict=True)) / tokens.sum()
    assert torch.allclose(together["duration"], expected, atol=1e-5)


def test_the_decoder_sees_no_further_than_its_kernels():
    config = SIZES["S"]
    reach = 3 * config.decoder_blocks
    x = torch.randn(1, 2 * reach + 5, config.text_dim + 5, requires_grad=True)
    heard = MobileSoVITS(config).decoder.eval()(x, torch.randn(1, config.condition_dim)).view(x.shape[1], -1)[reach + 2]
    heard.sum().backward()  # a slope, since what the outermost frames add is lost in float32's rounding
    assert (x.grad[0].abs().amax(-1) > 0).tolist() == [False] * 2 + [True] * (2 * reach + 1) + [False] * 2


def test_each_frame_knows_where_in_its_token_it_lies():
    features = torch.eye(3)
    expanded = expand(features, torch.tensor([1, 2, 4]))
    assert torch.equal(expanded[:, :3].argmax(-1), torch.tensor([0, 1, 1, 2, 2, 2, 2]))
    assert torch.allclose(expanded[:, 3], torch.tensor([0, -0.5, 0.5, -0.75, -0.25, 0.25, 0.75]))
    assert torch.allclose(expanded[:, 4] + 2, torch.tensor([1.0, 2, 2, 4, 4, 4, 4]).log())


@pytest.fixture
def frames() -> ShortFrames:
    return ShortFrames(400, 100)


def test_analysis_and_synthesis_undo_each_other(frames):
    wave = torch.randn(2, 3000)
    spectrum = frames.analyse(wave)
    assert spectrum.shape == (2, 30, 201)
    # the outermost samples lie under fewer than four windows
    assert torch.allclose(frames.synthesise(spectrum)[:, 300:-300], wave[:, 300:-300], atol=1e-5)


def test_a_piece_of_a_wave_has_the_frames_of_the_whole(frames):
    wave = torch.randn(1, 6000)
    whole, piece = frames.analyse(wave), frames.analyse(wave[:, 1500:4500])
    assert torch.allclose(piece[:, 2:-2], whole[:, 17:43], atol=1e-4)


def test_pieces_made_apart_join_to_the_whole(frames):
    spectrum = torch.fft.rfft(torch.randn(1, 40, 400))
    whole = overlap_add(torch.fft.irfft(spectrum, 400) * frames.window / 1.5, 100)
    first, second = (overlap_add(torch.fft.irfft(part, 400) * frames.window / 1.5, 100) for part in (spectrum[:, :25], spectrum[:, 25:]))
    joined = torch.zeros_like(whole)
    joined[:, : first.shape[1]] += first
    joined[:, 2500:] += second
    assert torch.allclose(joined, whole, atol=1e-5)
    assert torch.allclose(frames.synthesise(spectrum), whole[:, frames.lead : frames.lead + 4000], atol=1e-6)


def test_a_crop_of_the_source_continues_the_phase_of_the_whole():
    time = torch.arange(400) / 80
    f0_hz = (180 + 60 * torch.sin(3 * time))[None]
    f0_hz[:, 90:110] = 8.0  # unvoiced, as the teacher says it
    whole = harmonic_source(f0_hz)
    for start, end in ((37, 80), (95, 300), (399, 400)):
        before = (f0_hz[:, :start].double() * HOP / RATE).sum(-1, keepdim=True)
        piece = harmonic_source(f0_hz[:, start:end], before=before)
        inside = slice(HOP // 2, (end - start) * HOP - HOP // 2)
        assert torch.allclose(piece[:, inside], whole[:, start * HOP : end * HOP][:, inside], atol=2e-3)


def test_the_source_is_periodic_where_voiced_and_silent_elsewhere():
    wave = harmonic_source(torch.full((1, 80), 200.0))[0]
    assert torch.allclose(wave[600:12_000], wave[720:12_120], atol=1e-3)
    spectrum = torch.fft.rfft(wave * torch.hann_window(len(wave))).abs()
    assert spectrum[10_900:11_001].max() > 50 * spectrum[11_300:].max()  # 1 Hz a bin: harmonics end at 11 kHz
    assert not harmonic_source(torch.full((1, 20), F0_FLOOR_HZ - 1)).any()


def test_bands_spread_to_bins_by_weights_that_sum_to_one():
    matrix = band_matrix(67, 201)
    assert matrix.shape == (67, 201) and torch.allclose(matrix.sum(0), torch.ones(201), atol=1e-6) and (matrix >= 0).all()


def test_the_loudest_parameters_stay_finite():
    config = tiny.STUDENT
    parameters = torch.full((1, 6, config.bins + 3 * config.head_bands), 1e4)
    parameters[..., config.bins :] = 1.0
    wave = Head(config)(parameters, torch.randn(1, 600), torch.randn(1, 600))
    assert wave.isfinite().all() and wave.abs().max() < np.exp(MAX_LOG_MAGNITUDE) * 10


def test_gradient_reaches_every_parameter(tmp_path):
    torch.manual_seed(1)
    model = tiny.lively(MobileSoVITS(tiny.STUDENT))
    items = tiny.corpus(tmp_path)[:2]
    batch = AudioBatch(text_batch(items), torch.tensor([0, 2]), torch.randn(2, 16 * HOP))
    condition = model.condition(tiny.speaker().expand(2, -1))
    wave = crop_wave(model, batch, condition, 16, torch.Generator().manual_seed(0))
    loss, _ = SpectralLoss()(wave, batch.audio, 0.3)
    (loss + sum(text_losses(model, batch.text, condition).values())).backward()
    dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert dead == []
