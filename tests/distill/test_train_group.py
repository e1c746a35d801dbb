"""Two real processes, started as torchrun starts them, against the same work done in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from distill.train import checkpoint
from distill.train.config import Stage
from distill.train.data import AudioBatch, AudioBatches, TextBatch, TextBatches
from distill.train.group import Group
from distill.train.loop import Trainer, TrainingError, _rate
from tests.distill import tiny
from tests.rigs.ports import free_port

ROOT = Path(__file__).parents[2]
STAGES = (Stage("text", 2, 2e-3, warmup=1), Stage("decoder", 2, 2e-3, warmup=1), Stage("gan", 2, 1e-3, warmup=1))
MAIN = """
import sys
from pathlib import Path
from tests.distill import test_train_group as test
test.train(Path(sys.argv[1]))
"""


def train(folder: Path) -> None:
    """What each of the processes does."""
    items = tiny.corpus(folder / f"corpus-{os.environ['RANK']}")
    trainer = tiny.trainer(tiny.config(stages=STAGES, save_every=100), folder / "run", items)
    trainer.run()
    torch.save(trainer.model.state_dict(), folder / f"rank-{os.environ['RANK']}.pt")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("group")
    here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    common = {**os.environ, "WORLD_SIZE": "2", **here, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MAIN, str(folder)]
    environments = [{**common, "RANK": rank, "LOCAL_RANK": rank} for rank in "01"]
    processes = [subprocess.Popen(command, env=one, cwd=ROOT, stderr=subprocess.PIPE, text=True) for one in environments]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors[-3000:]
    finally:
        for process in processes:
            process.kill()
    return folder


class Share(Group):
    """What one of two processes sees, in this one."""

    def __init__(self, rank: int) -> None:
        self.size, self.rank, self.device = 2, rank, "cpu"


def _alone(folder: Path) -> dict[str, torch.Tensor]:
    """Six steps by the mean of the gradients of the two shares, each with the noise its process would draw."""
    items = tiny.corpus(folder)
    run = tiny.config(stages=STAGES)
    trainer: Trainer = tiny.trainer(run, folder / "run", items)
    shares = [Share(rank) for rank in (0, 1)]
    text = [TextBatches(items, run.text_batch, run.seed, share) for share in shares]
    audio = [AudioBatches(items, run.audio_batch, run.crop_frames, run.seed, run.shape, share) for share in shares]
    for step in range(run.total_steps):
        _, stage, stage_step = run.stage_at(step)
        trainer._optimiser.param_groups[0]["lr"] = _rate(stage, stage_step)
        trainer._optimiser.zero_grad()
        trainer._opponent.zero_grad()
        for rank in (0, 1):
            noise = torch.Generator().manual_seed((run.seed * 1_000_003 + step) * 64 + rank)
            if stage.kind == "text" or step % run.text_every == 0:
                trainer._stepper.text(text[rank](step))
            if stage.kind != "text":
                trainer._stepper.audio(audio[rank](step), stage, stage_step, noise)
        for parameter in (*trainer.model.parameters(), *trainer.discriminator.parameters()):
            if parameter.grad is not None:
                parameter.grad /= 2
        torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), run.grad_clip)
        trainer._optimiser.step()
        if stage.kind == "gan":
            trainer._opponent.step()
    return {**trainer.model.state_dict(), **{f"d.{k}": v for k, v in trainer.discriminator.state_dict().items()}}


def test_both_processes_end_with_the_same_student(trained):
    first, second = (torch.load(trained / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_two_processes_do_what_one_would(trained, tmp_path):
    state = checkpoint.load(trained / "run" / "step-0000006.pt")
    together = {**state["model"], **{f"d.{k}": v for k, v in state["discriminator"].items()}}
    alone = _alone(tmp_path)
    untrained = tiny.trainer(tiny.config(), tmp_path / "new", tiny.corpus(tmp_path)).model.state_dict()
    for name, value in alone.items():
        assert torch.allclose(together[name], value, atol=2e-5), name
    assert not torch.allclose(together["decoder.out.weight"], untrained["decoder.out.weight"], atol=1e-3)


def test_only_the_first_process_writes(trained):
    assert sorted(path.name for path in (trained / "run").iterdir()) == ["log.jsonl", "step-0000006.pt"]
    assert (trained / "run" / "log.jsonl").read_text().count('"step": 0') == 1


def test_a_batch_is_shared_out_whole(tmp_path):
    items = tiny.corpus(tmp_path)
    whole: TextBatch = TextBatches(items, 4, 1, Group("cpu"))(5)
    parts = [TextBatches(items, 4, 1, Share(rank))(5) for rank in (0, 1)]
    rows = sorted(tuple(row[row > 0].tolist()) for part in parts for row in part.ids)
    assert rows == sorted(tuple(row[row > 0].tolist()) for row in whole.ids)
    crops: AudioBatch = AudioBatches(items, 4, 16, 1, tiny.STUDENT, Group("cpu"))(5)
    halves = [AudioBatches(items, 4, 16, 1, tiny.STUDENT, Share(rank))(5) for rank in (0, 1)]
    assert torch.equal(crops.audio[0::2], halves[0].audio) and torch.equal(crops.audio[1::2], halves[1].audio)


@pytest.mark.parametrize("changes", [{"text_batch": 3}, {"audio_batch": 5}])
def test_a_batch_that_cannot_be_shared_evenly_is_refused(tmp_path, changes):
    run, items = tiny.config(**changes), tiny.corpus(tmp_path)
    batches = TextBatches(items, 2, 1, Share(0))
    with pytest.raises(TrainingError, match="cannot be shared evenly by 2 processes"):
        Trainer(run, tmp_path, batches, None, tiny.speaker(), Share(0))
