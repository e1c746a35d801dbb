"""Where a training's tensors lie: on a GPU none may be left on the processor, and each of several processes has its own."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from distill.train import checkpoint
from distill.train.data import AudioBatches, TextBatches
from distill.train.group import DeviceError, Group
from distill.train.loop import Trainer
from tests.distill import tiny


class Answers(TorchDispatchMode):
    """What only a device with memory can tell: every number there is 0 or 1, and the tokens of a row last ``n_frames`` together."""

    def __init__(self, n_frames: int) -> None:
        super().__init__()
        self.n_frames = n_frames

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        tensor, kwargs = args[0] if args else None, kwargs or {}
        if isinstance(tensor, torch.Tensor) and tensor.is_meta:
            if op is torch.ops.aten._local_scalar_dense.default:
                return 1.0 if tensor.is_floating_point() else 0
            if op is torch.ops.aten.repeat_interleave.Tensor:
                return tensor.new_zeros(self.n_frames)
            if op is torch.ops.aten._to_copy.default and kwargs.get("device") == torch.device("cpu"):
                return torch.zeros(tensor.shape, dtype=tensor.dtype)
        return op(*args, **kwargs)


class Elsewhere(Group):
    """The only process, on a device that is not the processor: as with a GPU, nothing mixes with what lies in memory."""

    def __init__(self) -> None:
        self.size, self.rank, self.device = 1, 0, "meta"


def test_every_stage_keeps_to_its_device(tmp_path, monkeypatch):
    items, run, group, saved = tiny.corpus(tmp_path), tiny.config(), Elsewhere(), []
    monkeypatch.setattr(checkpoint, "save", lambda path, state: saved.append(state))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda optimiser: None)
    text = TextBatches(items, run.text_batch, run.seed, group)
    audio = AudioBatches(items, run.audio_batch, run.crop_frames, run.seed, run.shape, group)
    with Answers(max(int(item.frames.sum()) for item in items)):
        trainer = Trainer(run, tmp_path / "run", text, audio, tiny.speaker(), group)
        trainer.run()
    assert trainer.step == run.total_steps and len(saved) == 3
    for name in ("model", "average", "discriminator"):
        assert all(value.is_meta for value in saved[-1][name].values()), name
    assert all(parameter.grad.is_meta for parameter in trainer.model.parameters())


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine with two, as torch would tell; the list of those made current."""
    current: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    return current


@pytest.mark.parametrize(("device", "own", "index"), [("cuda", "cuda", 0), ("cuda:1", "cuda:1", 1)])
def test_a_process_alone_takes_the_gpu_it_is_told(two_gpus, device, own, index):
    assert Group(device).device == own and two_gpus == [index]


def test_each_of_several_processes_takes_its_own_gpu(two_gpus, monkeypatch):
    joined: list[str] = []
    monkeypatch.setattr(torch.distributed, "init_process_group", joined.append)
    for name, value in {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1"}.items():  # the second of the second machine
        monkeypatch.setenv(name, value)
    group = Group("cuda")
    assert (group.rank, group.device, two_gpus, joined) == (3, "cuda:1", [1], ["nccl"])


@pytest.mark.parametrize(
    ("device", "local_rank", "message"), [("cuda", "2", "there is no cuda:2, torch finds 2 GPUs"), ("cuda:0", "1", "cannot share cuda:0")]
)
def test_processes_without_a_gpu_of_their_own_are_refused(two_gpus, monkeypatch, device, local_rank, message):
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_RANK", local_rank)
    with pytest.raises(DeviceError, match=message):
        Group(device)
    assert not two_gpus


def test_no_gpu_at_all_is_said_at_once(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"torch finds no GPU; take cpu \(--device cpu\)"):
        Group("cuda")
