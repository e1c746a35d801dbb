from __future__ import annotations

import hashlib
import json
import math

import pytest
import torch

from distill.choose import ChoiceError, LossJudge, choose, validation_set
from distill.train import checkpoint
from tests.distill import tiny


class Reading:
    """Judges by a number written into the student."""

    metric = "the first bias"

    def __init__(self, *, higher_is_better: bool) -> None:
        self.higher_is_better = higher_is_better

    def score(self, model, speaker) -> float:
        assert not model.training
        return float(model.text.duration.bias.detach())


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    return tiny.corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def run(items, tmp_path):
    """Writes checkpoints whose averaged weights hold the given numbers."""
    trainer = tiny.trainer(tiny.config(), tmp_path, items)

    def write(*values: float):
        for step, value in enumerate(values, 1):
            trainer.average["text.duration.bias"] = torch.tensor([value])
            trainer.step = step
            trainer._save()
        return tmp_path

    return write


@pytest.mark.parametrize(("higher", "best"), [(True, 3), (False, 2)])
def test_the_best_of_the_last_is_chosen_and_recorded(run, higher, best):
    folder = run(9.0, 1.0, 3.0, 2.0)
    choice = choose(folder, Reading(higher_is_better=higher), 3, progress=list)
    assert choice.checkpoint.name == f"step-000000{best}.pt" and list(choice.scores.values()) == [1.0, 3.0, 2.0]
    record = json.loads((folder / "chosen.json").read_text())
    assert record["checkpoint"] == choice.checkpoint.name and record["metric"] == "the first bias" and record["scores"] == choice.scores
    assert record["sha256"] == hashlib.sha256(choice.checkpoint.read_bytes()).hexdigest()
    assert checkpoint.best(folder) == choice.checkpoint and checkpoint.newest(folder) != choice.checkpoint


def test_fewer_checkpoints_than_asked_for_are_enough(run):
    assert len(choose(run(1.0, 2.0), Reading(higher_is_better=True), 9, progress=list).scores) == 2


def test_a_checkpoint_that_cannot_be_scored_is_left_out(run):
    folder = run(1.0, math.nan, 5.0)
    (folder / "step-0000003.pt").write_bytes(b"cut off")
    choice = choose(folder, Reading(higher_is_better=True), 4, progress=list)
    assert choice.checkpoint.name == "step-0000001.pt"
    assert choice.scores == {"step-0000001.pt": 1.0, "step-0000002.pt": None, "step-0000003.pt": None}


@pytest.mark.parametrize("spoil", [lambda state: state.pop("student"), lambda state: state["average"].pop("text.duration.bias")])
def test_a_checkpoint_that_holds_something_else_is_left_out(run, spoil):
    folder = run(1.0, 5.0)
    state = checkpoint.load(folder / "step-0000002.pt")
    spoil(state)
    checkpoint.save(folder / "step-0000002.pt", state)
    choice = choose(folder, Reading(higher_is_better=True), 4, progress=list)
    assert choice.scores == {"step-0000001.pt": 1.0, "step-0000002.pt": None}


def test_a_checkpoint_that_a_training_deletes_meanwhile_is_told(run):
    class Late(Reading):
        def score(self, model, speaker) -> float:
            (folder / "step-0000001.pt").unlink()
            return super().score(model, speaker)

    folder = run(1.0)
    with pytest.raises(ChoiceError, match=r"step-0000001\.pt was deleted meanwhile: a training goes on there"):
        choose(folder, Late(higher_is_better=True), 4, progress=list)
    assert not list(folder.glob("*chosen.json*"))


def test_nothing_to_choose_from_is_told(run, tmp_path):
    with pytest.raises(ChoiceError, match=r"no step-\*\.pt in .*train first"):
        choose(tmp_path, Reading(higher_is_better=True), 4, progress=list)
    with pytest.raises(ChoiceError, match=r"can be scored: step-0000001\.pt: its score is nan"):
        choose(run(math.nan), Reading(higher_is_better=True), 4, progress=list)
    assert not (tmp_path / "chosen.json").exists()


def test_the_loss_prefers_a_trained_student_and_gives_the_same_number_twice(items, tmp_path):
    run = tiny.config(save_every=40, stages=(tiny.Stage("decoder", 40, 5e-3, warmup=1),), text_every=2)
    trainer = tiny.trainer(run, tmp_path, items)
    trainer._save()
    trainer.run()
    judge = LossJudge(items[:2])
    choice = choose(tmp_path, judge, 2, progress=list)
    assert choice.checkpoint.name == "step-0000040.pt" and choice.scores["step-0000040.pt"] < choice.scores["step-0000000.pt"]
    assert choose(tmp_path, judge, 2, progress=list).scores == choice.scores


def test_validation_sentences_come_from_every_language_and_none_was_trained_on(items):
    many = items * 3
    chosen = validation_set(many, 4)
    assert {item.line.split for item in chosen} == {"valid"} and len(chosen) == 4 and len({item.line.lang for item in chosen}) > 1
    assert validation_set(many, 4) == chosen
    with pytest.raises(ChoiceError, match="no validation sentence with audio"):
        validation_set([item for item in items if item.line.split == "train"])
