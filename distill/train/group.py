"""Several processes (torchrun) that train one student: each takes its share of every batch, gradients are averaged.

Losses are normalised within a share, so n processes do what one would that averaged the gradients of the n shares.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from edge_agent.errors import EdgeAgentError

T = TypeVar("T")


class DeviceError(EdgeAgentError):
    """There is no such GPU, or not one for each process."""


class Group:
    """This process among its peers; alone when not started by torchrun.

    ``device`` is where it trains: of several processes that are to train on ``cuda``, each has the GPU of its place on the machine.

    Raises:
        DeviceError: there is no GPU for this process.
    """

    def __init__(self, device: str) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = _own_gpu(device, self.size) if device.startswith("cuda") else device
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")

    @property
    def leads(self) -> bool:
        """Whether this process writes checkpoints and logs."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part of a batch that every process drew alike."""
        return list(items[self.rank :: self.size])

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Make every process's gradients the mean of all, in place."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))


def _own_gpu(device: str, size: int) -> str:
    """``cuda:N``, made the current one: NCCL refuses two processes on the same."""
    if not torch.cuda.is_available():
        raise DeviceError(f"train.device is {device}, but torch finds no GPU; take cpu (--device cpu)")
    if size > 1:
        if device != "cuda":
            raise DeviceError(f"{size} processes cannot share {device}; say --device cuda, and each takes its own GPU")
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    found, index = torch.cuda.device_count(), torch.device(device).index or 0
    if index >= found:
        raise DeviceError(f"there is no {device}, torch finds {found} GPUs; start at most that many processes on this machine")
    torch.cuda.set_device(index)
    return device
