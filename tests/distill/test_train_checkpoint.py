from __future__ import annotations

import io
import json

import pytest
import torch

from distill.train import checkpoint
from distill.train.checkpoint import CheckpointError


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


def _evil() -> bytes:
    file = io.BytesIO()
    torch.save({"format": 1, "weights": Evil()}, file)
    return file.getvalue()


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "run" / "step-0000001.pt"
    checkpoint.save(path, {"step": 1, "weights": torch.arange(3)})
    state = checkpoint.load(path)
    assert state["step"] == 1 and torch.equal(state["weights"], torch.arange(3))
    assert [p.name for p in path.parent.iterdir()] == ["step-0000001.pt"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4", bytes(1000), _evil()], ids=["empty", "cut", "zeros", "hostile"])
def test_a_damaged_or_hostile_file_is_refused_and_not_executed(tmp_path, content):
    path = tmp_path / "step-0000001.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"step-0000001.pt is not a readable checkpoint \(.*\)$"):
        checkpoint.load(path)


def test_a_weight_that_changed_on_disk_is_found(tmp_path):
    path = tmp_path / "step-0000001.pt"
    checkpoint.save(path, {"weights": torch.full((1000,), 0.1234)})
    content = path.read_bytes()
    weight = torch.tensor(0.1234).numpy().tobytes()
    path.write_bytes(content.replace(weight, b"\0" * 4, 1))
    with pytest.raises(CheckpointError, match=r"step-0000001.pt is not a readable checkpoint \(.*data.*"):
        checkpoint.load(path)


@pytest.mark.parametrize("state", [torch.zeros(2), {"step": 1}, {"format": 99}])
def test_another_format_is_refused(tmp_path, state):
    path = tmp_path / "step-0000001.pt"
    torch.save(state, path)
    with pytest.raises(CheckpointError, match="this program reads 1"):
        checkpoint.load(path)


def _touch(folder, *steps: int) -> None:
    for step in steps:
        (folder / f"step-{step:07d}.pt").touch()


def test_the_newest_has_the_most_steps(tmp_path):
    assert checkpoint.newest(tmp_path) is None and checkpoint.best(tmp_path) is None
    _touch(tmp_path, 900, 10_000, 2000)
    assert checkpoint.newest(tmp_path).name == "step-0010000.pt" == checkpoint.best(tmp_path).name


def test_the_chosen_one_is_the_best(tmp_path):
    _touch(tmp_path, 1, 2, 3)
    (tmp_path / checkpoint.CHOSEN).write_text(json.dumps({"checkpoint": "step-0000002.pt"}))
    assert checkpoint.best(tmp_path) == tmp_path / "step-0000002.pt"


@pytest.mark.parametrize("record", ["", "[]", "{}", *(json.dumps({"checkpoint": name}) for name in (3, "step-0000009.pt", "../step-1.pt"))])
def test_a_record_of_a_choice_that_cannot_be_followed_is_told(tmp_path, record):
    _touch(tmp_path, 1)
    (tmp_path / checkpoint.CHOSEN).write_text(record)
    with pytest.raises(CheckpointError, match=r"chosen.json .*delete it, or choose again"):
        checkpoint.best(tmp_path)
    checkpoint.prune(tmp_path, 1)
    assert checkpoint.newest(tmp_path)
