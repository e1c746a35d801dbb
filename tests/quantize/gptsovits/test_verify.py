"""The command that says whether this is the original, numerically."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from quantize.cli import main
from quantize.gptsovits.onnx_runtime import ONNX
from quantize.gptsovits.verify import BAKED, TORCH, verify


def test_the_original_is_reproduced(vectors):
    checks = list(verify(vectors, [TORCH, ONNX]))
    assert {check.runtime for check in checks} == {"torch", "onnx"}
    assert {check.folder for check in checks} == {"v2", "v2pro"}
    assert not [check for check in checks if not check.passed]
    names = {check.name for check in checks if check.folder == "v2pro"}
    assert {"version", "prompt_codes", "plain/ge512", "sampling/probs_4", "prompt_free/logits", "prompted/y", "tworef/wav"} <= names


def test_a_baked_voice_is_too(vectors):
    assert not [check for check in verify(vectors / "v2pro", [BAKED]) if not check.passed]


@pytest.fixture
def changed(vectors, tmp_path):
    """A copy of one folder with something of it changed."""

    def change(file: str, **arrays):
        folder = tmp_path / "v2"
        shutil.copytree(vectors / "v2", folder)
        stored = dict(np.load(folder / file))
        stored.update({name.replace("__", "/"): arrays[name] for name in arrays})
        np.savez(folder / file, **stored)
        return folder

    return change


def test_a_missed_bar_is_named_and_is_exit_status_1(changed, vectors, capsys):
    expected = np.load(vectors / "v2" / "sovits_expected.npz")["short/wav"]
    folder = changed("sovits_expected.npz", short__wav=expected + 0.01)
    assert main(["verify-vectors", str(folder)]) == 1
    printed = capsys.readouterr()
    missed = [line.split() for line in printed.out.splitlines() if "MISSED" in line]
    assert {line[2] for line in missed} == {"short/wav"}
    assert all(0.005 < float(line[3]) < 0.02 and line[4] == "0.002" for line in missed)
    assert "missed their bar, the first is v2 short/wav" in printed.err


def test_json(changed, capsys):
    folder = changed("t2s_expected.npz", prompted__y=np.arange(3))
    assert main(["verify-vectors", str(folder), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] is False
    wrong = [check for check in said["checks"] if not check["passed"]]
    assert {"prompted/y", "prompted/logits"} >= {check["name"] for check in wrong}
    assert all(check["error"] is None for check in wrong)  # of another shape


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "meta.json").write_text("{"), "meta.json cannot be read"),
        (lambda folder: (folder / "meta.json").write_text("[]"), "meta.json is no object"),
        (lambda folder: (folder / "meta.json").write_text('{"s1_file": "../x"}'), "s1_file is no plain file name"),
        (lambda folder: (folder / "inputs.npz").write_bytes(b"PK\x03\x04"), "inputs.npz cannot be read"),
        (lambda folder: (folder / "inputs.npz").unlink(), "inputs.npz cannot be read"),
        (lambda folder: (folder / "tiny-e1.ckpt").write_bytes(b"x"), "tiny-e1.ckpt is damaged"),
        (lambda folder: (folder / "tiny_e1_s1.pth.xz").write_bytes(b"x"), "cannot be unpacked"),
        (lambda folder: (folder / "meta.json").unlink(), "holds no folder of vectors"),
    ],
)
def test_damaged_folders(vectors, tmp_path, spoil, message, capsys):
    shutil.copytree(vectors / "v2", tmp_path / "v2")
    spoil(tmp_path / "v2")
    assert main(["verify-vectors", str(tmp_path / "v2")]) == 1
    assert message in capsys.readouterr().err
