"""What scorers say of eight bits becomes a loss against float32, positive when it is worse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from distill.evaluate import Clip, evaluation_set
from distill.evaluate.bootstrap import Interval
from quantize.about import About
from quantize.folder import write_card, write_graphs
from quantize.hearing import losses
from tests.rigs.student import PHONEMES, float_models

ABOUT = About("chance", "Chance", ("zh",))
SENTENCES = evaluation_set("zh", 2)


class Ear:
    """Scores loudness as if it were naturalness."""

    name, identity = "mos", "loudness"

    def listen(self, clip: Clip, lang: str) -> float:
        return 20 * float(np.log10(clip.wave().std()))


class Typist:
    """Writes down the first sentence whatever is said."""

    name, identity = "recognition", "typist"

    def listen(self, clip: Clip, lang: str) -> str:
        return SENTENCES[0].text


@pytest.fixture(scope="module")
def voices(student, graphs, tmp_path_factory):
    """A voice, and the same 6 dB softer."""
    softer = [
        dataclasses.replace(graph, tensors={**graph.tensors, "inverse_basis": graph.tensors["inverse_basis"] / np.float32(2)})
        if graph.name == "decoder"
        else graph
        for graph in graphs
    ]
    folders = []
    for each in (graphs, softer):
        folder = tmp_path_factory.mktemp("voice")
        models, weights = float_models(each)
        write_card(folder, student, ABOUT, *write_graphs(folder, {"cpu": models}, weights), [PHONEMES])
        folders.append(folder)
    return folders


def test_worse_is_positive_and_better_negative(voices, tmp_path):
    loud, soft = voices
    worse, better = losses(loud, soft, SENTENCES, [Ear()], tmp_path), losses(soft, loud, SENTENCES, [Ear()], tmp_path)
    for name in ("DistillMOS, zh,", "DistillMOS, all,"):
        assert worse[name].low <= worse[name].value <= worse[name].high and worse[name].value == pytest.approx(6.02, abs=0.05)
        assert better[name].low <= better[name].value <= better[name].high and better[name].value == pytest.approx(-6.02, abs=0.05)


def test_the_same_voice_loses_nothing(voices, tmp_path):
    found = losses(voices[0], voices[0], SENTENCES, [Ear(), Typist()], tmp_path)
    assert found == dict.fromkeys(("pinyin error, zh,", "DistillMOS, zh,", "DistillMOS, all,"), Interval(0, 0, 0))


def test_without_naturalness_there_is_none_of_all(voices, tmp_path):
    assert list(losses(voices[0], voices[0], SENTENCES[:1], [Typist()], tmp_path)) == ["pinyin error, zh,"]


def test_clips_are_kept_for_listening(voices, tmp_path):
    losses(*voices, SENTENCES[:1], [Ear()], tmp_path)
    assert {path.parent.name for path in tmp_path.rglob("*.wav")} == {"float32", "int8"}
