from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from distill.__main__ import main
from distill.evaluate import Clip, EvaluationError, Sentence
from distill.evaluate.systems import StudentSystem, TeacherSystem, open_system, sentence_phonemes
from distill.student import MobileSoVITS, StudentConfig
from distill.teachers import Utterance
from distill.train import checkpoint
from distill.train.checkpoint import CheckpointError
from edge_agent.text.symbols import encode
from tests.distill.gptsovits_server import serving
from tests.distill.sounds import RATE, sentence

HELLO = Sentence("mixed-01", "mixed", "你好，hello。")
SMALL = StudentConfig(
    text_dim=16, text_hidden=16, text_blocks=1, text_heads=2, attention_after=(0,), duration_blocks=1, prosody_dim=16,
    prosody_hidden=16, prosody_blocks=1, decoder_dim=16, decoder_hidden=16, decoder_blocks=1,
)  # fmt: skip

UNHEARD = ["--without=recognition", "--without=mos", "--without=speaker"]


class CountingTeacher:
    sample_rate = RATE

    def __init__(self, style="a"):
        self.asked, self._style = 0, style

    def speak(self, phonemes, text=""):
        self.asked += 1
        frames = np.array([2] * (len(phonemes) + 2))
        return Utterance(phonemes, np.array(encode(phonemes)), sentence(0.3), frames / 2, frames)

    def describe(self):
        return {"style": self._style}


def save_checkpoint(path, *, step=1, scale=1.0):
    torch.manual_seed(0)
    average = {name: value * scale for name, value in MobileSoVITS(SMALL).state_dict().items()}
    speaker = torch.nn.functional.normalize(torch.ones(256), dim=0)
    checkpoint.save(path, {"step": step, "student": SMALL.to_dict(), "average": average, "speaker": speaker})


def no_recipe(path):
    raise AssertionError(f"{path} is asked for as a recipe")


def opened(path, memory):
    return open_system("student", path, teacher_of=no_recipe, style={}, memory=memory, threads=1)


def test_a_teacher_says_a_sentence_once(tmp_path):
    teacher = CountingTeacher()
    first = TeacherSystem("teacher", teacher, tmp_path).speak(HELLO)
    second = TeacherSystem("teacher", teacher, tmp_path).speak(HELLO)

    assert teacher.asked == 1
    assert first.digest == second.digest
    assert first.frames.tolist() == second.frames.tolist()


def test_another_style_is_another_teacher(tmp_path):
    other = CountingTeacher("b")
    TeacherSystem("teacher", CountingTeacher("a"), tmp_path).speak(HELLO)
    TeacherSystem("teacher", other, tmp_path).speak(HELLO)

    assert other.asked == 1


def test_a_damaged_memory_is_replaced(tmp_path):
    teacher = CountingTeacher()
    system = TeacherSystem("teacher", teacher, tmp_path)
    clip = system.speak(HELLO)
    (path,) = (tmp_path / "teacher").iterdir()
    path.write_bytes(path.read_bytes()[:100])

    assert system.speak(HELLO).digest == clip.digest
    assert system.speak(HELLO).digest == clip.digest
    assert teacher.asked == 2


def test_a_student_speaks_from_its_averaged_weights(tmp_path):
    save_checkpoint(tmp_path / "step-0000001.pt")
    clip = StudentSystem("student", tmp_path / "step-0000001.pt").speak(HELLO)

    assert len(clip.frames) == len(sentence_phonemes(HELLO)) + 2
    assert len(clip.audio) == clip.frames.sum() * SMALL.hop
    assert clip.digest == StudentSystem("student", tmp_path / "step-0000001.pt").speak(HELLO).digest


def test_the_newest_checkpoint_of_a_run_is_taken(tmp_path):
    for step in (1, 20):
        save_checkpoint(tmp_path / f"step-{step:07d}.pt", step=step)

    system = opened(tmp_path, tmp_path)
    assert system.identity.startswith("step-0000020.pt, sha256 ")


def test_the_chosen_checkpoint_of_a_run_is_taken(tmp_path):
    for step in (1, 20):
        save_checkpoint(tmp_path / f"step-{step:07d}.pt", step=step)
    (tmp_path / "chosen.json").write_text(json.dumps({"checkpoint": "step-0000001.pt"}), "utf-8")

    assert StudentSystem("student", tmp_path).identity.startswith("step-0000001.pt, sha256 ")


def test_a_student_that_came_apart_is_named(tmp_path):
    save_checkpoint(tmp_path / "step-0000001.pt", scale=float("nan"))

    with pytest.raises(EvaluationError, match=r"step-0000001.pt holds weights that are not finite"):
        StudentSystem("student", tmp_path).speak(HELLO)


def test_samples_that_are_not_finite_are_refused():
    with pytest.raises(EvaluationError, match=r"1 of 3 samples are not finite"):
        Clip.of(np.array([0.1, np.nan, 0.2], np.float32), RATE)


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "step-0000001.pt").write_bytes(b"half")

    with pytest.raises(CheckpointError, match=r"step-0000001.pt"):
        StudentSystem("student", tmp_path).speak(HELLO)


def test_what_cannot_be_spoken_is_named():
    with pytest.raises(EvaluationError, match=r"zh-01 has nothing to speak"):
        sentence_phonemes(Sentence("zh-01", "zh", "…"))


def test_nothing_there_is_no_system(tmp_path):
    with pytest.raises(EvaluationError, match=r"full.onnx, voices.npz, vocab.json"):
        opened(tmp_path / "absent", tmp_path)


def test_the_command_scores_a_student(tmp_path, capsys):
    save_checkpoint(tmp_path / "run" / "step-0000001.pt")
    arguments = ["evaluate", "--system", f"student={tmp_path / 'run'}", "--out", str(tmp_path / "out"), "--set=en,mixed", "--limit=2"]
    status = main([*arguments, *UNHEARD])

    assert status == 0
    assert "en, 2 sentences" in capsys.readouterr().out
    rows = json.loads((tmp_path / "out" / "scores.json").read_text("utf-8"))["rows"]
    assert [row["key"] for row in rows] == ["en-01", "en-02", "mixed-01", "mixed-02"]
    assert all((tmp_path / "out" / row["wav"]).stat().st_size > 1000 for row in rows)


RECIPE = """
folder = "{place}/runs"

[teacher]
name = "gptsovits-api"

[teacher.api]
url = "{url}"
model = "anna-v2"
licence = "own recording"
reference_audio = "/srv/anna.wav"
reference_text = "今天天气很好。"
whisper = "{place}/no-recogniser"

[[train.stages]]
kind = "text"
steps = 1
learning_rate = 1e-3
"""


def test_a_recipe_stands_for_its_teacher_which_nobody_screens(tmp_path, capsys):
    save_checkpoint(tmp_path / "run" / "step-0000001.pt")
    recipe = tmp_path / "anna.toml"
    arguments = ["evaluate", "--system", f"teacher={recipe}", "--system", f"student={tmp_path / 'run'}", "--set=zh", "--limit=2"]
    with serving() as server:
        recipe.write_text(RECIPE.format(place=tmp_path, url=server.url), "utf-8")
        for out in ("first", "again"):
            assert main([*arguments, f"--out={tmp_path / out}", *UNHEARD]) == 0
        assert len(server.asked) == 2  # what it said is kept
    assert "zh, 2 sentences" in capsys.readouterr().out
    scores = json.loads((tmp_path / "again" / "scores.json").read_text("utf-8"))
    assert scores["reference"] == "teacher" and "anna-v2" in scores["systems"]["teacher"]
    assert [(row["system"], row["key"]) for row in scores["rows"]] == [
        ("teacher", "zh-01"), ("student", "zh-01"), ("teacher", "zh-02"), ("student", "zh-02"),
    ]  # fmt: skip
    assert scores["rows"][1]["measures"]["spectral"][0] > 0


def test_a_recipe_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["evaluate", "--system", f"teacher={tmp_path / 'anna.toml'}", f"--out={tmp_path / 'out'}", *UNHEARD]) == 1
    assert "anna.toml cannot be read" in capsys.readouterr().err
