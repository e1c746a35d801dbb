"""Takes that a recogniser mishears are no takes; here it hears what the test says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from distill import stages
from distill.evaluate import MissingExtra
from distill.recipe import CorpusRecipe, Recipe, TeacherRecipe
from distill.teachers import TeacherError, Utterance, heard
from distill.teachers.gptsovits_api import ApiSettings
from distill.teachers.gptsovits_settings import CheckpointSettings

AUDIO = np.full(24_000, 0.1, np.float32)
SAID = Utterance("x", np.zeros(1, np.int64), AUDIO)


@pytest.mark.parametrize(
    ("text", "hears", "lang", "error"),
    [
        ("Gate twelve is now open.", "Gate 12 is now open", "en", 0.0),
        ("Gate twelve is now open.", "Gate twelve is open.", "en", 0.2),
        ("请到三号窗口。", "请到3号窗口", "mixed", 0.0),
        ("请到三号窗口。", "请到三号", "mixed", 1 / 3),
        ("请打开Wi-Fi。", "请打开wifi", "mixed", 0.0),
        ("……", "", "mixed", 0.0),
    ],
)
def test_the_share_that_was_misheard(monkeypatch, tmp_path, text, hears, lang, error):
    asked = []

    class Recogniser:
        def __init__(self, folder):
            asked.append(folder)

        def listen(self, clip, lang):
            asked.append((clip.sample_rate, len(clip.audio), lang))
            return hears

    monkeypatch.setattr(heard, "Recogniser", Recogniser)
    rate = heard.error_rate(str(tmp_path))
    assert rate(AUDIO, text) == pytest.approx(error)
    assert asked == [tmp_path, (24_000, 24_000, lang)]


def test_without_a_recogniser_everything_is_heard():
    assert heard.error_rate("") is None
    assert heard.check_heard(SAID, "any", None) is SAID


def test_a_take_may_be_misheard_a_little():
    assert heard.check_heard(SAID, "any", lambda *_: heard.WORST_ERROR) is SAID
    with pytest.raises(TeacherError, match="misheard by 16%: 'any'"):
        heard.check_heard(SAID, "any", lambda *_: 0.16)


@pytest.mark.parametrize(
    "teacher",
    [
        TeacherRecipe("gptsovits-api", api=ApiSettings(whisper="{none}")),
        TeacherRecipe("gptsovits", checkpoints=CheckpointSettings(whisper="{none}")),
    ],
)
def test_a_recogniser_that_a_recipe_names_has_to_be_there(teacher, tmp_path):
    part = "api" if teacher.api else "checkpoints"
    settings = dataclasses.replace(getattr(teacher, part), whisper=str(tmp_path))
    with pytest.raises(MissingExtra):
        stages.open_teacher(dataclasses.replace(teacher, **{part: settings}))


@pytest.mark.parametrize(
    ("name", "part", "kind"), [("gptsovits-api", "api", ApiSettings), ("gptsovits", "checkpoints", CheckpointSettings)]
)
def test_a_corpus_that_was_listened_to_is_another_one(name, part, kind):
    plain, here, there = (
        Recipe("runs/x", TeacherRecipe(name, **{part: kind(whisper=folder)}), CorpusRecipe()).corpus_folder for folder in ("", "a", "b")
    )
    assert plain != here == there
