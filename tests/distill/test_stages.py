"""The whole way from a teacher to a chosen checkpoint by the commands a user types, on a real server and a tiny student."""

from __future__ import annotations

import json

import numpy as np
import pytest

from distill import __main__ as command
from distill.claim import claimed
from distill.corpus import texts
from distill.corpus.shards import read_shard
from distill.recipe import load_recipe
from distill.train import checkpoint
from tests.distill import tiny
from tests.distill.gptsovits_server import refusal, serving

RECIPE = """
folder = "{folder}"
[teacher]
name = "gptsovits-api"
[teacher.api]
model = "hum"
licence = "CC0-1.0"
reference_audio = "/srv/a.wav"
reference_text = "你好。"
url = "{url}"
patience_s = 0.4
[corpus]
composed = 0
audio_lines = 50
processes = 1
align_steps = 4
[train]
text_batch = 4
audio_batch = 2
crop_frames = 16
adversarial_frames = 8
threads = 1
save_every = 1
[train.discriminator]
periods = [2]
period_channels = [4, 4]
ffts = [512]
fft_channels = [4, 4]
[train.student]
{shape}
[[train.stages]]
kind = "text"
steps = 1
learning_rate = 1e-3
[[train.stages]]
kind = "decoder"
steps = 1
learning_rate = 1e-3
[[train.stages]]
kind = "gan"
steps = 2
learning_rate = 1e-3
"""


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def recipe(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    shape = "\n".join(f"{k} = {list(v) if isinstance(v, tuple) else v}" for k, v in tiny.STUDENT.to_dict().items())
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(folder=folder / "run", url=server.url, shape=shape), "utf-8")
    corpus = load_recipe(path).corpus_folder
    corpus.mkdir(parents=True)
    np.save(corpus / "speaker.npy", tiny.speaker().numpy())  # the encoder that would make it is an extra
    return path


@pytest.fixture(autouse=True)
def few_sentences(monkeypatch):
    places = "窗口 柜台 站台 门口 车厢 大厅 电梯 出口".split()
    monkeypatch.setattr(texts, "hand_written", lambda: [(f"请到{n}号{place}。", "zh") for n in "一二三四五六七" for place in places])


@pytest.fixture
def cooked(recipe, few_sentences, capsys):
    """The folder of the finished run; made only once."""
    folder = load_recipe(recipe).run_folder
    if not (folder / "chosen.json").exists():
        assert command.main(["run", str(recipe)]) == 0
    return folder


def test_one_command_makes_corpus_training_and_choice(cooked, recipe, server):
    items = list(read_shard(load_recipe(recipe).corpus_folder / "audio" / "shard-00000.npz"))
    assert len(items) > 40 and all(item.frames.sum() == len(item.f0_hz) == len(item.audio) // 300 for item in items)
    assert [path.name for path in checkpoint.all_in(cooked)] == [f"step-{n:07d}.pt" for n in (1, 2, 3, 4)]
    assert checkpoint.load(checkpoint.newest(cooked))["cloned_from"] == [], "somebody's, whose recordings are on the server"
    record = json.loads((cooked / "chosen.json").read_text())
    assert len(record["scores"]) == 4 and "validation sentences" in record["metric"]


def test_a_second_time_there_is_nothing_left_to_do(cooked, recipe, server, capsys):
    asked, times = len(server.asked), {path: path.stat().st_mtime_ns for path in cooked.glob("step-*.pt")}
    assert command.main(["run", str(recipe)]) == 0
    assert len(server.asked) == asked and {path: path.stat().st_mtime_ns for path in times} == times
    assert "trained: " in capsys.readouterr().out


def test_choose_prints_every_score_and_marks_the_best(cooked, recipe, capsys):
    assert command.main(["choose", str(recipe), "--last", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("step-00000") == 2 and out.count("<- chosen") == 1


def test_another_seed_is_another_folder(cooked, recipe):
    assert command.main(["train", str(recipe), "--seed", "5", "--until", "1"]) == 0
    assert [path.name for path in checkpoint.all_in(cooked.parent / "seed-5")] == ["step-0000001.pt"]


def test_several_seeds_are_trained_and_held_against_each_other(cooked, recipe, capsys):
    quick = ["--set=zh", "--limit=2", "--without=recognition", "--without=mos", "--without=speaker"]
    assert command.main(["seeds", str(recipe), "--seeds", "1,6", *quick]) == 0
    head, *rows = capsys.readouterr().out.splitlines()[-4:]
    assert head.split() == ["zh,", "2", "sentences", "teacher", "seed-1", "seed-6", "mean", "deviation"]
    for row in rows:
        _, one, other, mean, deviation = map(float, row.split()[-5:])
        assert mean == pytest.approx((one + other) / 2, abs=0.06) and deviation == pytest.approx(abs(one - other) / 2**0.5, abs=0.15)
    assert (cooked.parent / "seed-6" / "chosen.json").exists() and (cooked.parent / "seeds" / "scores.json").exists()


def test_a_changed_recipe_is_refused_unless_accepted(cooked, recipe, tmp_path, capsys):
    changed = tmp_path / "changed.toml"
    changed.write_text(recipe.read_text("utf-8").replace("text_batch = 4", "text_batch = 2"), "utf-8")
    assert command.main(["train", str(changed)]) == 1
    assert "text_batch was 4, now 2" in capsys.readouterr().err
    assert command.main(["train", str(changed), "--accept-changes"]) == 0


def test_a_teacher_that_says_no_ends_with_its_reason(recipe, server, tmp_path, capsys, monkeypatch):
    other = tmp_path / "other.toml"
    other.write_text(recipe.read_text("utf-8").replace('model = "hum"', 'model = "other"'), "utf-8")
    monkeypatch.setattr(server, "reply", lambda _: refusal("no reference audio"))
    assert command.main(["corpus", str(other)]) == 1
    assert "refused 50 of 50 lines of shard 0" in capsys.readouterr().err
    assert not list(load_recipe(other).corpus_folder.rglob("*.npz"))


def test_two_at_once_do_not_write_one_folder(recipe, cooked, capsys):
    given = load_recipe(recipe)
    for name, folder in (("corpus", given.corpus_folder), ("train", cooked)):
        with claimed(folder):
            assert command.main([name, str(recipe)]) == 1
        assert f"another process is writing {folder}" in capsys.readouterr().err


def test_training_without_a_corpus_says_what_to_do(recipe, tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(recipe.read_text("utf-8").replace("composed = 0", "composed = 1"), "utf-8")
    assert command.main(["train", str(other)]) == 1
    assert "build the corpus first" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(recipe, tmp_path, capsys):
    other = tmp_path / "other.toml"
    place = load_recipe(recipe).folder
    other.write_text(recipe.read_text("utf-8").replace(f'folder = "{place}"', f'folder = "{tmp_path / "other.toml"}"'), "utf-8")
    assert command.main(["corpus", str(other)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("distill: ") and "Not a directory" in told and "other.toml" in told


def test_an_interruption_is_no_traceback(recipe, capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_recipe", interrupted)
    assert command.main(["train", str(recipe)]) == 130
    assert capsys.readouterr().err == "distill: interrupted; say it again to finish\n"


def test_run_is_for_one_process(recipe, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("corpus", "choose", "run", "seeds"):
        assert command.main([name, str(recipe)]) == 1
        assert "only train takes several processes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["", "cook", "train", "train x.toml --until 0", "choose x.toml --last many", "corpus x --last 2",
        "seeds x.toml --seeds 1,1", "seeds x.toml --seeds 1,b"],
)
def test_a_command_nobody_can_understand_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(arguments.split())
    assert caught.value.code == 2 and "usage: python -m distill" in capsys.readouterr().err


def test_every_command_explains_itself(capsys):
    for name in ("assemble", "corpus", "train", "choose", "run", "seeds"):
        with pytest.raises(SystemExit) as caught:
            command.main([name, "--help"])
        assert caught.value.code == 0 and f"python -m distill {name}" in capsys.readouterr().out


def test_a_recipe_that_is_not_there_ends_with_1(capsys):
    assert command.main(["run", "no/such/recipe.toml"]) == 1
    assert capsys.readouterr().err.startswith("distill: no/such/recipe.toml cannot be read")
