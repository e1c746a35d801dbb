from __future__ import annotations

import dataclasses
import hashlib
from importlib import resources
from pathlib import Path

import pytest

from distill.recipe import CorpusRecipe, Recipe, RecipeError, TeacherRecipe, load_recipe
from distill.teachers.gptsovits_api import ApiSettings
from distill.teachers.gptsovits_settings import CheckpointSettings
from distill.train.config import Stage, TrainConfig
from tests.distill import tiny

LEAST = """
folder = "runs/x"
[teacher]
style = { one = 1.0 }
[[train.stages]]
kind = "text"
steps = 10
learning_rate = 1e-3
"""
API = """
folder = "runs/x"
[teacher]
name = "gptsovits-api"
[teacher.api]
model = "mine"
licence = "own"
reference_audio = "/srv/a.wav"
reference_text = "你好。"
[[train.stages]]
kind = "text"
steps = 10
learning_rate = 1
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, "utf-8")
    return path


def test_what_is_not_said_has_its_default(tmp_path):
    recipe = load_recipe(_write(tmp_path, LEAST))
    assert recipe == Recipe("runs/x", TeacherRecipe(style={"one": 1.0}), train=TrainConfig(stages=(Stage("text", 10, 1e-3),)))


def test_every_recipe_that_is_shipped_can_be_read():
    shipped = [entry for entry in (resources.files("distill") / "recipes").iterdir() if entry.name.endswith(".toml")]
    assert shipped
    for entry in shipped:
        recipe = load_recipe(Path(str(entry)))
        assert recipe.train.total_steps > 1000 and {stage.kind for stage in recipe.train.stages} == {"text", "decoder", "gan"}


def test_values_of_training_can_be_given_instead(tmp_path):
    recipe = load_recipe(_write(tmp_path, LEAST), seed=3, device="cuda:1")
    assert recipe.train.seed == 3 and recipe.train.device == "cuda:1" and recipe.run_folder == Path("runs/x/seed-3")
    with pytest.raises(RecipeError, match=r"train\.device = 'tpu' is neither cpu nor cuda"):
        load_recipe(_write(tmp_path, LEAST), device="tpu")


def test_a_shape_of_ones_own_takes_the_place_of_a_size(tmp_path):
    shape = "\n".join(f"{k} = {list(v) if isinstance(v, tuple) else v}" for k, v in tiny.STUDENT.to_dict().items())
    recipe = load_recipe(_write(tmp_path, LEAST + f"[train.student]\n{shape}\n"))
    assert recipe.train.student == tiny.STUDENT == recipe.train.shape


def test_kokoro_by_torch_on_a_gpu(tmp_path):
    by_torch = LEAST.replace("[teacher]", '[teacher]\nbackend = "torch"\ndevice = "cuda"')
    recipe = load_recipe(_write(tmp_path, by_torch))
    assert (recipe.teacher.backend, recipe.teacher.device) == ("torch", "cuda")
    on_cpu = dataclasses.replace(recipe, teacher=dataclasses.replace(recipe.teacher, device="cpu"))
    assert recipe.corpus_folder == on_cpu.corpus_folder != load_recipe(_write(tmp_path, LEAST)).corpus_folder
    with pytest.raises(RecipeError, match=r"teacher\.device = 'cuda' is not one that backend onnx runs on: cpu"):
        load_recipe(_write(tmp_path, by_torch.replace("torch", "onnx")))
    with pytest.raises(RecipeError, match=r"teacher\.backend = 'jax' is not one of onnx, torch"):
        load_recipe(_write(tmp_path, by_torch.replace("torch", "jax")))


def test_a_server_as_teacher(tmp_path):
    recipe = load_recipe(_write(tmp_path, API))
    assert recipe.teacher.audio_only and recipe.teacher.api.reference_text == "你好。" and recipe.train.stages[0].learning_rate == 1.0


def test_checkpoints_as_teacher(tmp_path):
    files = "".join(f'{name} = "{name}"\n' for name in ("s1", "s2", "reference_audio", "reference_text", "licence", "hubert"))
    text = API.replace('"gptsovits-api"', '"gptsovits"')
    text = f"{text[: text.index('[teacher.api]')]}[teacher.checkpoints]\n{files}" + text[text.index("[[train.stages]]") :]
    recipe = load_recipe(_write(tmp_path, text))
    assert recipe.teacher.audio_only and recipe.teacher.checkpoints.hubert == "hubert"
    with pytest.raises(RecipeError, match=r"teacher\.checkpoints\.hubert is missing; teacher\.checkpoints\.takes = 0"):
        load_recipe(_write(tmp_path, text.replace('hubert = "hubert"', "takes = 0")))


def test_every_fault_of_form_is_told_at_once(tmp_path):
    text = LEAST + 'warmup = "long"\nlr = 1\n[voice]\nlanguages = ["zh", 3]\n[corpus]\nseed = true\n[train.discriminator]\nperiods = 2\n'
    with pytest.raises(RecipeError) as caught:
        load_recipe(_write(tmp_path, text.replace('folder = "runs/x"', "extra = 1")))
    message = str(caught.value)
    for fault in (
        "recipe.toml: ", "extra is not a setting; there are folder, teacher", "folder is missing",
        "train.stages[0].warmup = 'long' is not of type int",
        "train.stages[0].lr is not a setting", "voice.languages[1] = 3 is not of type str", "corpus.seed = True is not of type int",
        "train.discriminator.periods = 2 is not of type",
    ):
        assert fault in message, fault


def test_every_fault_of_content_is_told_at_once(tmp_path):
    text = """
folder = "x"
[teacher]
style = { one = 0.4 }
[corpus]
composed = -1
seed = -1
processes = 0
more_audio = { fr = 10, en = 0 }
prompts = { mixed = 10, zh = 0 }
[train]
size = "XL"
crop_frames = 20
keep = 0
ema = 1.0
seed = -1
grad_clip = 0.0
weight_decay = -0.1
[[train.stages]]
kind = "texts"
steps = 0
learning_rate = nan
"""
    with pytest.raises(RecipeError) as caught:
        load_recipe(_write(tmp_path, text))
    for fault in (
        "teacher.style has weights that sum to 0.4", "corpus.composed = -1 is not at least 0", "corpus.seed = -1", "corpus.processes = 0",
        "corpus.more_audio.fr is not one of zh, en, mixed", "corpus.more_audio.en = 0 is not at least 1",
        "corpus.prompts.mixed is not one of zh, en", "corpus.prompts.zh = 0 is not at least 1",
        "train.size = 'XL' is not one of S, M",
        "train.crop_frames = 20", "train.keep = 0", "train.ema = 1.0", "train.seed = -1 is not in 0..4294967295", "train.grad_clip = 0.0",
        "train.weight_decay = -0.1", "train.stages[0].kind = 'texts'", "train.stages[0].steps = 0",
        "train.stages[0].learning_rate = nan",
    ):
        assert fault in str(caught.value), fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LEAST.replace("[teacher]", '[teacher]\nname = "whisper"'), "teacher.name = 'whisper' is not one of kokoro"),
        (API.replace("[teacher.api]", "[teacher.spi]"), "teacher.spi is not a setting"),
        (API.replace('model = "mine"\n', 'url = "nowhere"\n'), "api.model is missing; teacher.api.url = 'nowhere' is not an http address"),
        ('folder = "x"\n[teacher]\nname = "gptsovits-api"\n', "teacher.api is missing; train.stages is empty"),
        ("teacher = 3\nfolder = 'x'", "teacher. is not a table|teacher is not a table"),
        ("folder = ", "cannot be read"),
        ("folder = '\0'", "cannot be read"),
    ],
)
def test_a_recipe_that_cannot_be_cooked_is_refused(tmp_path, text, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(_write(tmp_path, text))


def test_a_recipe_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "noise.toml")


def test_the_corpus_folder_is_named_by_what_is_in_it(tmp_path):
    recipe = load_recipe(_write(tmp_path, API))

    def folder(**changes) -> Path:
        return dataclasses.replace(recipe, **changes).corpus_folder

    def api(**changes) -> TeacherRecipe:
        return dataclasses.replace(recipe.teacher, api=dataclasses.replace(recipe.teacher.api, **changes))

    same = [{"corpus": CorpusRecipe(processes=9)}, {"teacher": api(url="http://other", timeout_s=1.0)}, {"train": TrainConfig(seed=5)}]
    other = [{"corpus": CorpusRecipe(seed=9)}, {"corpus": CorpusRecipe(composed=9)}, {"corpus": CorpusRecipe(more_audio={"en": 9})}]
    other += [{"corpus": CorpusRecipe(prompts={"en": 9})}]
    other += [{"teacher": api(seed=9)}, {"teacher": api(model="b")}]
    assert {folder(**changes) for changes in same} == {folder()}
    assert len({folder(), *(folder(**changes) for changes in other)}) == 1 + len(other)


class TestWhoseVoice:
    def test_a_recording_on_this_computer(self, tmp_path):
        (tmp_path / "r.wav").write_bytes(b"voice")
        here = TeacherRecipe(name="gptsovits", checkpoints=CheckpointSettings(reference_audio=str(tmp_path / "r.wav")))
        assert here.cloned_from() == (hashlib.sha256(b"voice").hexdigest(),)
        gone = TeacherRecipe(name="gptsovits", checkpoints=CheckpointSettings(reference_audio=str(tmp_path / "gone.wav")))
        with pytest.raises(RecipeError, match="the recording whose voice this is, cannot be read"):
            gone.cloned_from()

    def test_a_recording_on_a_server(self):
        assert TeacherRecipe(name="gptsovits-api", api=ApiSettings()).cloned_from() == ()

    def test_nobodys(self):
        assert TeacherRecipe().cloned_from() is None
