from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch

from distill.train import checkpoint
from distill.train.checkpoint import CheckpointError
from distill.train.config import Stage
from distill.train.loop import Trainer, TrainingError, _rate
from distill.train.watch import FACTOR, LEAST, PATIENCE, GradientWatch
from tests.distill import tiny


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    return tiny.corpus(tmp_path_factory.mktemp("corpus"))


def _state(folder, step: int) -> dict:
    return checkpoint.load(folder / f"step-{step:07d}.pt")


def _same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b


@pytest.fixture(scope="module")
def whole(items, tmp_path_factory):
    """The folder of a run of all nine steps, never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    tiny.trainer(tiny.config(), folder, items).run()
    return folder


@pytest.mark.parametrize("stops", [(1,), (4,), (7,), (2, 5, 6, 8)], ids=["text", "decoder", "gan", "often"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(items, whole, tmp_path, stops):
    for stop in (*stops, None):
        torch.manual_seed(99)  # whatever the process did before
        tiny.trainer(tiny.config(), tmp_path, items).run(stop)
    assert _same(_state(tmp_path, 9), _state(whole, 9))


def test_each_stage_trains_what_it_should(items, whole):
    start = tiny.trainer(tiny.config(), whole / "nowhere", items)
    before = {name: value.clone() for name, value in start.model.state_dict().items()}
    opponent = {name: value.clone() for name, value in start.discriminator.state_dict().items()}
    after_text, after_decoder, end = (_state(whole, step) for step in (3, 6, 9))
    assert not _same(after_text["model"]["text.duration.weight"], before["text.duration.weight"])
    assert not _same(after_decoder["model"]["decoder.out.weight"], after_text["model"]["decoder.out.weight"])
    assert _same(after_text["discriminator"], opponent) and not _same(end["discriminator"], opponent)


def test_another_seed_is_another_run(items, whole, tmp_path):
    tiny.trainer(tiny.config(seed=2), tmp_path, items).run(3)
    assert not _same(_state(tmp_path, 3)["model"], _state(whole, 3)["model"])


def test_training_lowers_the_losses(items, tmp_path):
    run = tiny.config(stages=(Stage("text", 20, 5e-3, warmup=1), Stage("decoder", 41, 5e-3, warmup=1)), save_every=100, text_every=100)
    tiny.trainer(run, tmp_path, items).run()
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    by_step = {entry["step"]: entry for entry in entries}
    assert sorted(by_step) == [0, 20, 40, 60]
    assert by_step[60]["mel"] < 0.8 * by_step[20]["mel"]
    assert by_step[0]["rate"] == 5e-3 and "gradient" in by_step[0]


def test_only_the_newest_and_the_chosen_checkpoint_are_kept(items, tmp_path):
    run = tiny.config(save_every=1, keep=2)
    tiny.trainer(run, tmp_path, items).run(2)
    (tmp_path / checkpoint.CHOSEN).write_text(json.dumps({"checkpoint": "step-0000001.pt"}))
    tiny.trainer(run, tmp_path, items).run(5)
    assert [path.name for path in checkpoint.all_in(tmp_path)] == ["step-0000001.pt", "step-0000004.pt", "step-0000005.pt"]
    assert not list(tmp_path.glob(".*"))


def test_a_checkpoint_never_forgets_whose_voice_it_is(items, tmp_path):
    run = tiny.config(save_every=1)
    for stop, given in ((1, None), (2, ("cd", "ab")), (3, None), (4, ())):
        tiny.trainer(run, tmp_path, items, cloned_from=given).run(stop)
    kept = [_state(tmp_path, step)["cloned_from"] for step in (1, 2, 3, 4)]
    assert kept == [None, ["ab", "cd"], ["ab", "cd"], ["ab", "cd"]]


def test_a_run_that_is_over_stays_as_it_is(items, whole):
    path = checkpoint.newest(whole)
    before = path.stat().st_mtime_ns
    tiny.trainer(tiny.config(), whole, items).run()
    assert path.stat().st_mtime_ns == before


# what goes wrong


def _spoil(trainer: Trainer, step: int, value: float, kind: str = "audio") -> None:
    """From ``step`` on, the gradient of one batch after another is multiplied by ``value``."""
    work = getattr(trainer._stepper, kind)

    def spoilt(*args):
        parts = work(*args)
        if trainer.step >= step:
            for parameter in trainer.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(value)
        return parts

    setattr(trainer._stepper, kind, spoilt)


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(items, whole, tmp_path):
    trainer = tiny.trainer(tiny.config(), tmp_path, items)
    _spoil(trainer, 7, math.nan)
    with pytest.raises(TrainingError, match=r"step 7: loss or gradient is not finite .*last good checkpoint is .*step-0000006\.pt"):
        trainer.run()
    assert checkpoint.newest(tmp_path).name == "step-0000006.pt"
    assert all(value.isfinite().all() for value in trainer.model.state_dict().values())
    tiny.trainer(tiny.config(), tmp_path, items).run()  # the fault is gone: on it goes
    assert _same(_state(tmp_path, 9), _state(whole, 9))


def test_nan_in_the_discriminator_alone_stops_the_run_too(items, tmp_path):
    trainer = tiny.trainer(tiny.config(), tmp_path, items)
    work = trainer._stepper.audio

    def spoilt(batch, stage, stage_step, generator):
        parts = work(batch, stage, stage_step, generator)
        if trainer.step == 6:
            next(trainer.discriminator.parameters()).grad.fill_(math.inf)
        return parts

    trainer._stepper.audio = spoilt
    with pytest.raises(TrainingError, match=r"step 6: loss or gradient is not finite.*discriminator inf"):
        trainer.run()


def test_a_corpus_with_nan_in_it_stops_the_run(items, tmp_path):
    broken = [dataclasses.replace(item, energy=item.energy * float("nan")) for item in items]
    with pytest.raises(TrainingError, match=r"energy nan.*the last good checkpoint is None"):
        tiny.trainer(tiny.config(), tmp_path, broken).run()
    assert checkpoint.newest(tmp_path) is None


def test_exploding_gradients_stop_the_run_before_a_checkpoint_is_written(items, tmp_path):
    run = tiny.config(stages=(Stage("text", LEAST + 40, 1e-3, warmup=1),), save_every=LEAST)
    trainer = tiny.trainer(run, tmp_path, items)
    _spoil(trainer, LEAST + 1, 1e4, kind="text")
    with pytest.raises(TrainingError, match=rf"step {LEAST + PATIENCE}: the gradient of the student explodes.*step-00000{LEAST}\.pt"):
        trainer.run()


def test_no_checkpoint_is_written_of_weights_in_doubt(items, tmp_path):
    run = tiny.config(stages=(Stage("text", LEAST + 4, 1e-3, warmup=1),), save_every=LEAST)
    trainer = tiny.trainer(run, tmp_path, items)
    _spoil(trainer, LEAST + 1, 1e4, kind="text")
    with pytest.raises(TrainingError, match="out of proportion at the end"):
        trainer.run()
    assert [path.name for path in checkpoint.all_in(tmp_path)] == [f"step-{LEAST:07d}.pt"]


def test_a_disk_that_is_full_keeps_what_was_written(items, tmp_path, monkeypatch):
    tiny.trainer(tiny.config(), tmp_path, items).run(3)
    trainer = tiny.trainer(tiny.config(), tmp_path, items)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match=r"step-0000006.pt cannot be written .*No space left.*step-0000003.pt"):
        trainer.run(6)
    assert [path.name for path in tmp_path.glob("*")if "step" in path.name] == ["step-0000003.pt"]


def test_a_stage_that_needs_audio_says_so(items, tmp_path):
    trainer = tiny.trainer(tiny.config(), tmp_path, items)
    trainer._audio = None
    with pytest.raises(TrainingError, match="stage decoder needs a corpus with audio"):
        trainer.run()


# checkpoints of other runs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "seed was 1, now 2"),
        ({"text_batch": 2}, "text_batch was 4, now 2"),
        ({"discriminator": dataclasses.replace(tiny.DISCRIMINATOR, periods=(2, 5))}, "discriminator was"),
        (
            {"stages": (dataclasses.replace(tiny.STAGES[0], learning_rate=1.0), *tiny.STAGES[1:])},
            r"stages\[0\].learning_rate was 0.002, now 1.0",
        ),
        ({"stages": (tiny.STAGES[0], dataclasses.replace(tiny.STAGES[1], steps=9), tiny.STAGES[2])}, r"stages\[1\].steps was 3, now 9"),
        ({"stages": tiny.STAGES[:1]}, r"stages\[1\] \(decoder\) is gone"),
        ({"student": dataclasses.replace(tiny.STUDENT, decoder_dim=24)}, "a student of another shape"),
    ],
)
def test_a_checkpoint_of_another_configuration_is_refused(items, whole, tmp_path, changes, message):
    (tmp_path / "step-0000003.pt").write_bytes((whole / "step-0000003.pt").read_bytes())
    with pytest.raises(CheckpointError, match=rf"step-0000003.pt .*{message}"):
        tiny.trainer(tiny.config(**changes), tmp_path, items)
    assert (tmp_path / "step-0000003.pt").read_bytes() == (whole / "step-0000003.pt").read_bytes()


def test_all_differences_are_told_at_once_and_can_be_accepted(items, whole, tmp_path):
    (tmp_path / "step-0000003.pt").write_bytes((whole / "step-0000003.pt").read_bytes())
    other = torch.nn.functional.normalize(torch.ones(tiny.STUDENT.speaker_dim), dim=0)
    with pytest.raises(CheckpointError, match=r"ema was 0\.9, now 0\.5; the speaker vector is another\. Undo .* or say --accept-changes"):
        tiny.trainer(tiny.config(ema=0.5), tmp_path, items, speaker=other)
    trainer = tiny.trainer(tiny.config(ema=0.5), tmp_path, items, speaker=other, accept_changes=True)
    trainer.run(4)
    assert _state(tmp_path, 4)["config"]["ema"] == 0.5


def test_a_newest_checkpoint_that_nothing_can_go_on_from_is_told_with_what_to_do(items, whole, tmp_path):
    path = tmp_path / "step-0000003.pt"
    path.write_bytes((whole / path.name).read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"step-0000003\.pt is not a readable .*; delete it to go on from the one before"):
        tiny.trainer(tiny.config(), tmp_path, items)
    state = _state(whole, 3)
    state["model"]["text.duration.bias"].fill_(math.nan)
    checkpoint.save(path, state)
    with pytest.raises(CheckpointError, match=r"step-0000003\.pt holds weights that are not finite; delete it to go on"):
        tiny.trainer(tiny.config(), tmp_path, items)


def test_another_corpus_is_refused(items, tmp_path):
    tiny.trainer(tiny.config(), tmp_path, items, corpus="corpus-1").run(1)
    with pytest.raises(CheckpointError, match="the corpus was corpus-1, now corpus-2"):
        tiny.trainer(tiny.config(), tmp_path, items, corpus="corpus-2")


@pytest.mark.parametrize(
    "changes",
    [
        {"threads": 2, "save_every": 7, "keep": 1},
        {"stages": (*tiny.STAGES[:2], dataclasses.replace(tiny.STAGES[2], learning_rate=1e-5, steps=30))},
        {"stages": tiny.STAGES[:2]},
        {"stages": (*tiny.STAGES, tiny.STAGES[2])},
    ],
    ids=["how it is carried out", "a later stage", "a later stage gone", "one stage more"],
)
def test_what_does_not_touch_the_steps_behind_may_change(items, whole, tmp_path, changes):
    (tmp_path / "step-0000003.pt").write_bytes((whole / "step-0000003.pt").read_bytes())
    assert tiny.trainer(tiny.config(**changes), tmp_path, items).step == 3


def test_a_checkpoint_from_before_there_was_a_setting_has_its_default(items, whole, tmp_path):
    state = _state(whole, 3)
    del state["config"]["weight_decay"], state["watches"], state["corpus"]
    checkpoint.save(tmp_path / "step-0000003.pt", state)
    assert tiny.trainer(tiny.config(), tmp_path, items).step == 3
    with pytest.raises(CheckpointError, match=r"weight_decay was 0\.01, now 0\.5"):
        tiny.trainer(tiny.config(weight_decay=0.5), tmp_path, items)


# schedule and averages


def test_the_rate_warms_up_and_falls_along_a_cosine():
    stage = Stage("text", 110, 1e-3, warmup=10, final_rate=0.2)
    rates = [_rate(stage, step) for step in range(111)]
    assert rates[0] == pytest.approx(1e-4) and rates[9] == rates[10] == pytest.approx(1e-3)
    assert rates[60] == pytest.approx(0.6e-3) and rates[110] == pytest.approx(0.2e-3)
    assert rates[:10] == sorted(rates[:10]) and rates[10:] == sorted(rates[10:], reverse=True)


def test_stages_follow_each_other():
    run = tiny.config()
    assert [run.stage_at(step)[0] for step in range(run.total_steps)] == [0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert run.stage_at(5) == (2, tiny.STAGES[2], 0)
    with pytest.raises(IndexError):
        run.stage_at(9)


def test_the_average_follows_the_weights_quickly_at_first_and_slowly_later():
    model = torch.nn.Linear(2, 2)
    average = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    checkpoint.update_ema(average, model, 0.999, 0)
    assert torch.allclose(average["weight"], 0.9 * model.weight)
    before = average["weight"].clone()
    checkpoint.update_ema(average, model, 0.999, 100_000)
    assert torch.allclose(average["weight"], before + 0.001 * (model.weight - before), atol=1e-7)


def test_the_checkpoint_holds_the_average_not_only_the_weights(whole):
    state = _state(whole, 9)
    assert state["average"].keys() == state["model"].keys() and not _same(state["average"], state["model"])


# the watch over gradients


def test_a_few_large_gradients_are_forgiven_a_row_of_them_is_not():
    watch = GradientWatch()
    for norm in range(LEAST):
        watch.see(1.0 + norm % 3)
    for _ in range(PATIENCE - 1):
        watch.see(FACTOR * 3)
        assert watch.suspicious and not watch.exploded
    watch.see(2.0)
    assert not watch.suspicious and watch.usual == 2.0
    for _ in range(PATIENCE):
        watch.see(FACTOR * 3)
    assert watch.exploded


def test_nothing_is_large_before_there_is_a_measure():
    watch = GradientWatch()
    for norm in [1.0] * (LEAST - 1) + [1e6]:
        watch.see(norm)
    assert not watch.suspicious
    other = GradientWatch()
    other.restore(watch.state())
    assert other.state() == watch.state()
    other.forget()
    assert other.state() == [] and other.usual == 0.0
