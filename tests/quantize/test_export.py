"""The exported graphs compute what the student computes, at lengths the exporter never saw, for every shape of student."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from distill.student.stft import overlap_add
from quantize.reading import session
from tests.rigs.student import TINY, float_graphs, float_models, random_student

SHAPES = {
    "tiny": TINY,
    "attention early": dataclasses.replace(TINY, attention_after=(1,)),
    "other bands": dataclasses.replace(TINY, head_bands=41),
    "deep": dataclasses.replace(TINY, decoder_blocks=6, prosody_blocks=1, duration_blocks=2),
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def exported(request, tmp_path_factory):
    student = random_student(request.param, seed=3)
    models, weights = float_models(float_graphs(student, tmp_path_factory.mktemp("graphs")))
    return student, {name: session(model, weights) for name, model in models.items()}


@pytest.mark.parametrize("tokens", [2, 24, 77])
def test_text_and_durations(exported, tokens):
    student, sessions = exported
    ids = torch.randint(0, 178, (1, tokens))
    with torch.no_grad():
        features, log_units = student.model.text(ids, torch.ones(1, tokens, 1), student.model.condition(student.speaker[None]))
    ours = sessions["text"].run(None, {"ids": ids.numpy()})
    np.testing.assert_allclose(ours[0], features, atol=2e-4)
    np.testing.assert_allclose(ours[1], log_units.exp(), rtol=2e-4)


@pytest.mark.parametrize("frames", [1, 48, 301])
def test_prosody(exported, frames):
    student, sessions = exported
    x = torch.randn(1, frames, student.model.config.text_dim + 2)
    with torch.no_grad():
        parts = student.model.prosody(x, student.model.condition(student.speaker[None]))
    np.testing.assert_allclose(sessions["prosody"].run(None, {"expanded": x.numpy()})[0], torch.stack(parts, -1), atol=2e-4)


@pytest.mark.parametrize("frames", [1, 48, 301])
def test_decoder_and_head(exported, frames):
    student, sessions = exported
    model, config = student.model, student.model.config
    x = torch.randn(1, frames, config.text_dim + 5)
    source, noise = 0.3 * torch.randn(1, frames * config.hop), torch.randn(1, frames * config.hop)
    with torch.no_grad():
        expected = model.head(model.decoder(x, model.condition(student.speaker[None])), source, noise)[0].numpy()
        transform = model.head.frames
        lead = torch.nn.functional.pad(source, (transform.lead, transform.n_fft - transform.hop - transform.lead))
        hiss = transform.analyse(noise) / (transform.window.square().sum() * torch.pi / 4).sqrt()
    feeds = {
        "x": x.numpy(),
        "source": lead.unfold(-1, transform.n_fft, transform.hop).numpy().copy(),
        "noise": torch.cat([hiss.real, hiss.imag], -1).numpy(),
    }
    pieces = torch.from_numpy(sessions["decoder"].run(None, feeds)[0])
    joined = overlap_add(pieces, config.head_hop)[0, transform.lead : transform.lead + frames * config.hop].numpy()
    np.testing.assert_allclose(joined, expected, atol=2e-4 * max(1.0, np.abs(expected).max()))


def test_the_voice_is_in_the_weights(tmp_path):
    student = random_student()
    other = dataclasses.replace(student, speaker=-student.speaker)
    first, second = (float_models(float_graphs(each, tmp_path / name))[1] for each, name in ((student, "a"), (other, "b")))
    assert first != second
    speaker = student.speaker.numpy().tobytes()
    assert speaker not in first
