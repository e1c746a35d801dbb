"""A pair of checkpoints as a teacher, random but of the right form; what it says is noise, so lengths are not asked for."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch
from transformers import HubertConfig, HubertModel

from distill.recipe import TeacherRecipe
from distill.stages import open_teacher
from distill.teachers import TeacherError, gptsovits
from distill.teachers.gptsovits import GptSovits
from distill.teachers.gptsovits_settings import CheckpointSettings
from edge_agent.text import phonemes
from tests.rigs.gptsovits import write_s1, write_s2

TEXT = "come in, please."


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> CheckpointSettings:
    place = tmp_path_factory.mktemp("voice")
    torch.manual_seed(1)
    config = HubertConfig(
        hidden_size=768, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32, conv_dim=[8] * 7, num_conv_pos_embeddings=16
    )
    HubertModel(config).save_pretrained(place / "hubert")
    samples = np.random.default_rng(2).standard_normal(3 * 16_000).astype(np.float32) * 0.1
    soundfile.write(place / "r.wav", samples, 16_000)
    return CheckpointSettings(
        s1=str(write_s1(place / "s1.ckpt", seed=3)), s2=str(write_s2(place / "s2.pth")), reference_audio=str(place / "r.wav"),
        reference_text="please come in", licence="CC0-1.0", hubert=str(place / "hubert"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def teacher(settings) -> GptSovits:
    return open_teacher(TeacherRecipe("gptsovits", checkpoints=settings))


def say_40_tokens(monkeypatch):
    """A random transformer seldom ends; this one always does."""
    said = gptsovits.Generated(torch.arange(140), 40, ended=True)
    monkeypatch.setattr(gptsovits, "generate", lambda *_, **how: said)


def test_what_it_says_is_the_same_every_time(teacher, monkeypatch):
    say_40_tokens(monkeypatch)
    monkeypatch.setattr(gptsovits, "utterance", lambda phonemes, wave, rate: (phonemes, wave, rate))
    said = [teacher.speak(phonemes(TEXT), TEXT) for _ in range(2)]
    np.testing.assert_array_equal(said[0][1], said[1][1])
    assert said[0][2] == 32_000
    assert len(said[0][1]) == 40 * 80
    assert 0.001 < np.abs(said[0][1]).max() <= 1


def test_takes_that_never_end_or_are_absurd_are_refused(teacher, monkeypatch):
    tried = []

    def endless(*_, seed, **how):
        tried.append(seed)
        return gptsovits.Generated(torch.arange(140), 40, ended=False)

    monkeypatch.setattr(gptsovits, "generate", endless)
    with pytest.raises(TeacherError, match="none of 3 takes is usable: the voice came to no end"):
        teacher.speak(phonemes(TEXT), TEXT)
    assert tried == [1, 2, 3]


def test_what_it_cannot_read(teacher):
    with pytest.raises(TeacherError, match="is Chinese, which needs the text model"):
        teacher.speak(phonemes("你好。"), "你好。")
    with pytest.raises(TeacherError, match="Japanese"):
        teacher.speak("", "こんにちは")


def test_it_says_what_it_is(teacher):
    described = teacher.describe()
    assert described["name"] == "GPT-SoVITS v2"
    assert all(len(each) == 64 for each in described["weights"].split())
    assert described["licence"] == "CC0-1.0"


def test_files_that_cannot_teach(settings, tmp_path):
    from dataclasses import replace

    (tmp_path / "s2.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(TeacherError, match=r"cannot teach: s2\.pth: truncated or damaged"):
        GptSovits(replace(settings, s2=str(tmp_path / "s2.pth")))
