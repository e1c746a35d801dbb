"""The command, end to end: a checkpoint in, a voice that speaks or an exit status and the reason."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from distill.recipe import Recipe, TeacherRecipe
from distill.teachers.gptsovits_api import ApiSettings
from edge_agent.synthesis import Runtime, load_engine
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import Speech
from quantize import gates
from quantize.cli import _cloned_from, main
from quantize.errors import QuantizeError
from tests.rigs.student import PHONEMES, save

MOS = {"value": 4.1, "low": 4.0, "high": 4.2, "unit": "", "n": 40}
QUICK = ["--check", "1", "--layers", "1", "--calibrate", "2"]


@pytest.fixture(scope="module")
def checkpoint(student, tmp_path_factory):
    return save(student, tmp_path_factory.mktemp("run") / "step-0000007.pt")


@pytest.fixture(scope="module")
def built(checkpoint, tmp_path_factory):
    """(exit status, voice folder) of a build with everything said about it."""
    place = tmp_path_factory.mktemp("built")
    (place / "scores.json").write_text(json.dumps({"summary": {"student/zh": {"mos": MOS}}}))
    (place / "teacher.onnx").write_bytes(bytes(3_000_000))
    arguments = ["student", str(checkpoint), "--out", str(place / "chance"), "--name", "By | chance", "--languages", "zh,en"]
    arguments += ["--teacher-name", "dice", "--licence", "CC0-1.0", "--data", "noise", "--scores", str(place / "scores.json")]
    return main([*arguments, "--teacher", str(place / "teacher.onnx"), *QUICK]), place / "chance"


class TestBuilt:
    def test_succeeds(self, built):
        status, voice = built
        assert status == 0
        assert sorted(path.name for path in voice.parent.iterdir()) == ["chance", "chance.report.md", "scores.json", "teacher.onnx"]

    def test_every_variant_speaks_the_same(self, built):
        _, voice = built
        for variant in ("cpu", "gpu", "fp16", "trt"):
            engine = MobileSoVITSEngine(voice, Runtime("cpu", 1), variant)
            engine.check()

    def test_the_device_loads_it(self, built):
        engine = load_engine(built[1], Runtime("cpu", 1))
        assert engine.voice_id == "chance"
        assert -60 < engine.loudness_lufs < 0
        assert np.concatenate(list(engine.synthesize(Speech("", "en", PHONEMES)))).std() > 1e-3

    def test_the_card_says_where_it_comes_from_and_names_no_folder(self, built):
        _, voice = built
        made = json.loads((voice / "voice.json").read_text())["made"]
        assert made["command"].startswith("python -m quantize student step-0000007.pt --out chance --name 'By | chance'")
        assert made["scores"]["student/zh"]["mos"]["value"] == 4.1
        for text in ((voice / "voice.json").read_text(), (voice / "CARD.md").read_text()):
            assert str(voice.parent) not in text
        assert "4.1 [4, 4.2]" in (voice / "CARD.md").read_text()

    def test_the_report_holds_sizes_gates_variants_and_layers(self, built):
        _, voice = built
        report = voice.with_name("chance.report.md").read_text()
        assert "| teacher | 3.0 |" in report
        for row in ("voice folder", "cpu: log-spectral distance", "trt: golden phrase", "cpu, weights of 8 bits"):
            assert f"| {row} |" in report
        assert "| decoder/blocks.0/expand |" in report
        assert "By | chance" in report
        assert "FAILED" not in report


class TestCloned:
    """Whose voice it is, by the training and by the recipe; packing asks for that person's consent."""

    NOBODYS = Recipe("runs/default")
    ANNAS = Recipe("runs/anna", teacher=TeacherRecipe(name="gptsovits-api", api=ApiSettings()))

    @pytest.mark.parametrize("recipe", [None, NOBODYS, ANNAS])
    def test_a_training_that_knows_its_recordings_is_believed(self, student, recipe):
        assert _cloned_from(recipe, dataclasses.replace(student, cloned_from=("ab", "cd"))) == ("ab", "cd")

    def test_a_recipe_adds_to_it(self, student):
        assert _cloned_from(self.ANNAS, student) == ()

    @pytest.mark.parametrize("recipe", [None, NOBODYS])
    def test_nobodys(self, student, recipe):
        assert _cloned_from(recipe, student) is None

    def test_a_checkpoint_that_does_not_say_needs_its_recipe(self, student):
        old = dataclasses.replace(student, says_whose=False)
        assert _cloned_from(self.NOBODYS, old) is None and _cloned_from(self.ANNAS, old) == ()
        with pytest.raises(QuantizeError, match="does not say whose voice it is; give the --recipe"):
            _cloned_from(None, old)


class TestGatesFail:
    def test_exit_status_a_table_a_report_and_no_voice(self, checkpoint, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(gates, "MAX_SPECTRAL_DB", 1e-6)
        assert main(["student", str(checkpoint), "--out", str(tmp_path / "voice"), *QUICK]) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["voice.report.md"]
        printed = capsys.readouterr()
        assert "cpu: log-spectral distance" in printed.out
        assert printed.out.count("FAILED") == 4
        assert "was not built: cpu: log-spectral distance, gpu:" in printed.err
        assert "Passed: NO" in (tmp_path / "voice.report.md").read_text()


def test_ctrl_c_is_one_line_and_no_voice(checkpoint, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("quantize.build.folder.write_card", interrupted)
    assert main(["student", str(checkpoint), "--out", str(tmp_path / "voice"), *QUICK]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "quantize: interrupted; say it again to finish"
    assert not (tmp_path / "voice").exists() and not list(tmp_path.glob(".*"))


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["student", "{tmp}/nothing.pt", "--out", "{tmp}/voice"], "no checkpoint at"),
            (["student", "{checkpoint}", "--out", "{tmp}"], "say --replace"),
            (["student", "{checkpoint}", "--out", "{tmp}", "--replace"], "holds no voice"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--voice-id", "a/b"], "voice id 'a/b'"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--scores", "{tmp}/none.json"], "no scores.json"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--languages", "zh,,en"], "languages 'zh', '', 'en': expected codes"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--teacher", "{tmp}/none"], "no files of a teacher at"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--report", "{tmp}"], "the report cannot be written to"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--report", "{tmp}/none/x.md"], "in one that is not there"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--report", "{tmp}/voice/x.md"], "or the voice's"),
            (["student", "{checkpoint}", "--out", "{tmp}/voice", "--recipe", "{tmp}/none.toml"], "none.toml"),
        ],
    )
    def test_with_a_message_and_nothing_written(self, arguments, message, checkpoint, tmp_path, capsys):
        assert main([each.format(tmp=tmp_path, checkpoint=checkpoint) for each in arguments]) == 1
        assert message in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "summary",
        ["x", [], None, {"a/zh": 5}, {"a/zh": {"mos": 4.1}}, {"a/zh": {"mos": {"value": 4.1}}}, {"a/zh": {"mos": {**MOS, "low": "x"}}}],
    )  # fmt: skip
    def test_scores_that_no_card_can_show(self, summary, checkpoint, tmp_path, capsys):
        scores = tmp_path / "scores.json"
        scores.write_text(json.dumps({"summary": summary}))
        assert main(["student", str(checkpoint), "--out", str(tmp_path / "voice"), "--scores", str(scores)]) == 1
        assert "scores.json is no scores.json of" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [scores]

    @pytest.mark.parametrize("arguments", [[], ["student"], ["student", "x"], ["other"], ["student", "x", "--out", "y", "--check", "0"]])
    def test_wrong_usage(self, arguments, capsys):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2

    def test_options(self, capsys):
        """Changing the command is a decision."""
        with pytest.raises(SystemExit):
            main(["student", "--help"])
        shown = capsys.readouterr().out
        for option in (
            "--out", "--replace", "--recipe", "--voice-id", "--name", "--languages", "--teacher-name", "--licence", "--data", "--scores",
            "--teacher", "--report", "--mos", "--whisper", "--check", "--layers", "--calibrate", "--hear",
        ):  # fmt: skip
            assert option in shown
