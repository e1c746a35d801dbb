"""Everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge_agent.errors import EdgeAgentError

FORMAT = 1


class CheckpointError(EdgeAgentError):
    """A checkpoint is damaged or belongs to another configuration."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write by temporary file, fsync and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        torch.save({"format": FORMAT, **state}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint without executing anything in it.

    Raises:
        CheckpointError: damaged, or of another format.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different type for each way a file can be broken
        raise CheckpointError(f"{path} is not a readable checkpoint: {error}") from error
    if state.get("format") != FORMAT:
        raise CheckpointError(f"{path} has checkpoint format {state.get('format')}, this program reads {FORMAT}")
    return state


def newest(folder: Path) -> Path | None:
    """The checkpoint with the most steps in ``folder``."""
    found = sorted(folder.glob("step-*.pt"))
    return found[-1] if found else None


def update_ema(average: dict[str, Tensor], model: torch.nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of the weights, faster at the beginning, in place."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, value in model.state_dict().items():
            average[name].lerp_(value.float(), 1 - decay)
