"""A voice folder is there complete or not at all."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from edge_agent.playback.loudness import integrated_lufs
from edge_agent.synthesis import Runtime
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import FRONT_END_VERSION, Speech
from quantize.about import About
from quantize.errors import QuantizeError
from quantize.folder import golden_difference_db, staged, write_card, write_graphs
from quantize.variants import Recipe, build
from quantize.weights import WeightFile
from tests.rigs.student import PHONEMES, float_models

ABOUT = About("chance", "Chance", ("zh", "en"), teacher="dice", licence="none", data="noise", scores={"a/zh": {}})


class TestStaged:
    def test_appears_when_all_went_well(self, tmp_path):
        with staged(tmp_path / "deep" / "voice", replace=False) as stage:
            (stage / "file").write_text("x")
            assert not (tmp_path / "deep" / "voice").exists()
        assert (tmp_path / "deep" / "voice" / "file").read_text() == "x"
        assert [path.name for path in (tmp_path / "deep").iterdir()] == ["voice"]

    def test_nothing_is_left_of_a_failure(self, tmp_path):
        message = r"voice was not built: No such file or directory \(.*no such folder/file\)"
        with pytest.raises(QuantizeError, match=message), staged(tmp_path / "voice", replace=False) as stage:
            (stage / "no such folder" / "file").write_text("x")
        assert not list(tmp_path.iterdir())

    def test_where_nothing_can_be_written(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(QuantizeError, match="was not built: File exists"), staged(tmp_path / "file" / "voice", replace=False):
            pass

    def test_an_old_voice_stays_when_the_new_one_fails(self, tmp_path):
        voice = self.old_voice(tmp_path)
        with pytest.raises(KeyError), staged(voice, replace=True):
            raise KeyError
        assert (voice / "voice.json").read_text() == "old"
        assert list(tmp_path.iterdir()) == [voice]

    def test_an_old_voice_is_replaced_whole(self, tmp_path):
        voice = self.old_voice(tmp_path)
        with staged(voice, replace=True) as stage:
            (stage / "voice.json").write_text("new")
        assert {path.name: path.read_text() for path in voice.iterdir()} == {"voice.json": "new"}
        assert list(tmp_path.iterdir()) == [voice]

    def test_only_when_told_to(self, tmp_path):
        with pytest.raises(QuantizeError, match="say --replace"), staged(self.old_voice(tmp_path), replace=False):
            pass

    def test_never_anything_else_than_a_voice(self, tmp_path):
        (tmp_path / "home").mkdir()
        with pytest.raises(QuantizeError, match="holds no voice"), staged(tmp_path / "home", replace=True):
            pass

    @staticmethod
    def old_voice(tmp_path):
        voice = tmp_path / "voice"
        voice.mkdir()
        (voice / "voice.json").write_text("old")
        (voice / "other").write_text("old")
        return voice


@pytest.fixture(scope="module")
def voice(student, graphs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("voice")
    models, weights = float_models(graphs)
    write_card(folder, student, ABOUT, *write_graphs(folder, {"cpu": models}, weights), [PHONEMES, "nihau"])
    return folder


@pytest.fixture(scope="module")
def card(voice):
    return json.loads((voice / "voice.json").read_text("utf-8"))


class TestCard:
    def test_fields(self, card):
        assert list(card) == [
            "schema", "engine", "voice_id", "display_name", "languages", "shape", "loudness_lufs", "front_end_version",
            "symbols_sha256", "graphs", "sha256", "golden", "made",
        ]  # fmt: skip
        assert card["front_end_version"] == FRONT_END_VERSION
        assert card["graphs"] == {"cpu": {name: f"{name}.cpu.onnx" for name in ("text", "prosody", "decoder")}}
        assert card["shape"] == {"sample_rate": 24_000, "hop": 300, "head_fft": 400, "head_hop": 100, "context_frames": 12}

    def test_origin(self, card):
        made = card["made"]
        assert (made["teacher"], made["licence"], made["data"], made["scores"]) == ("dice", "none", "noise", {"a/zh": {}})
        assert made["checkpoint"]["step"] == 7
        assert made["student"]["decoder_dim"] == 64
        assert "cloned_from" not in made, "nobody's voice was cloned"

    def test_loudness_is_the_engines(self, voice, card):
        engine = MobileSoVITSEngine(voice, Runtime("cpu", 1))
        said = [chunk for spoken in (PHONEMES, "nihau") for chunk in engine.synthesize(Speech("", "en", spoken))]
        assert card["loudness_lufs"] == pytest.approx(integrated_lufs(np.concatenate(said), engine.sample_rate), abs=0.01)

    def test_golden_phrase_is_the_engines(self, voice):
        assert golden_difference_db(voice, "cpu") < 0.5


def test_a_variant_that_does_not_speak_is_infinitely_far(student, graphs, tmp_path):
    """It fails its gate, and the report is written all the same."""
    broken = [
        dataclasses.replace(graph, tensors={**graph.tensors, "inverse_basis": np.full_like(graph.tensors["inverse_basis"], np.inf)})
        if graph.name == "decoder"
        else graph
        for graph in graphs
    ]
    weights, plain = WeightFile(), Recipe({}, half_storage=False)
    models = {
        variant: {graph.name: build(graph, "gpu", plain, weights) for graph in its} for variant, its in (("cpu", graphs), ("gpu", broken))
    }
    write_card(tmp_path, student, ABOUT, *write_graphs(tmp_path, models, weights.to_bytes()), [PHONEMES])
    assert golden_difference_db(tmp_path, "gpu") == np.inf


@pytest.mark.parametrize("voice_id", ["", "a/b", "..", ".x", "x" * 65, "ü", "a b"])
def test_ids_that_are_no_folders_name(voice_id):
    with pytest.raises(QuantizeError, match="voice id"):
        About(voice_id, "Name", ("zh",))


def test_a_voice_has_a_name_and_a_language():
    for arguments in (("a", " ", ("zh",)), ("a", "A", ())):
        with pytest.raises(QuantizeError, match="a name and at least one language"):
            About(*arguments)
