"""A checkpoint is read whole and checked, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from distill.train.checkpoint import CHOSEN, CheckpointError
from quantize.checkpoint import load_student
from quantize.errors import QuantizeError
from tests.rigs.student import save


def test_the_averaged_weights_are_taken(student, tmp_path):
    average = {name: value + 1 for name, value in student.model.state_dict().items()}
    loaded = load_student(save(student, tmp_path / "step-0000007.pt", average=average, cloned_from=["ab"]))
    for name, value in loaded.model.state_dict().items():
        torch.testing.assert_close(value, average[name])
    assert (loaded.step, len(loaded.sha256)) == (7, 64)
    assert (loaded.cloned_from, loaded.says_whose) == (("ab",), True)
    np.testing.assert_array_equal(loaded.speaker, student.speaker)


def test_one_of_before_whose_voice_it_is_was_kept(student, tmp_path):
    path = save(student, tmp_path / "step-0000007.pt")
    state = torch.load(path, weights_only=True)
    del state["cloned_from"]
    torch.save(state, path)
    loaded = load_student(path)
    assert loaded.cloned_from is None and not loaded.says_whose


def test_the_newest_of_a_folder(student, tmp_path):
    save(student, tmp_path / "step-0000007.pt")
    save(student, tmp_path / "step-0000010.pt", step=10)
    assert load_student(tmp_path).step == 10


def test_the_chosen_one_of_a_folder(student, tmp_path):
    save(student, tmp_path / "step-0000007.pt")
    save(student, tmp_path / "step-0000010.pt", step=10)
    (tmp_path / CHOSEN).write_text('{"checkpoint": "step-0000007.pt"}')
    assert load_student(tmp_path).step == 7


def test_none(tmp_path):
    for path in (tmp_path, tmp_path / "step-0000001.pt"):
        with pytest.raises(QuantizeError, match="no checkpoint at"):
            load_student(path)


def test_cut_off(student, tmp_path):
    path = save(student, tmp_path / "step-0000007.pt")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_student(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"average": {}}, "no student that this program can build"),
        ({"student": {"decoder_dim": 8}}, "no student that this program can build"),
        ({"student": {"unknown": 8, "attention_after": [0]}}, "no student that this program can build"),
        ({"speaker": torch.ones(3)}, "speaker vector of shape"),
        ({"step": None}, "no student that this program can build"),
        ({"step": "last"}, "no student that this program can build"),
        ({"speaker": torch.full((256,), float("nan"))}, "1 tensors are not finite, the first is speaker"),
        ({"format": 9}, "checkpoint format 9"),
    ],
)
def test_of_another_kind(student, tmp_path, changes, message):
    path = tmp_path / "step-0000007.pt"
    save(student, path, **{name: value for name, value in changes.items() if name != "format"})
    if "format" in changes:
        torch.save({**torch.load(path, weights_only=True), **changes}, path)
    with pytest.raises((QuantizeError, CheckpointError), match=message):
        load_student(path)


def test_not_finite(student, tmp_path):
    average = {name: value.clone() for name, value in student.model.state_dict().items()}
    average["decoder.out.weight"][3, 3] = float("nan")
    with pytest.raises(QuantizeError, match=r"1 tensors are not finite, the first is decoder\.out\.weight"):
        load_student(save(student, tmp_path / "step-0000007.pt", average=average))
