"""Everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge_agent.errors import EdgeAgentError

FORMAT = 1
CHOSEN = "chosen.json"


class CheckpointError(EdgeAgentError):
    """A checkpoint is damaged or belongs to another configuration."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write by temporary file, fsync and rename.

    Raises:
        CheckpointError: it cannot be written; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        raise CheckpointError(f"{path} cannot be written ({error}); the newest whole checkpoint is {newest(path.parent)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint without executing anything in it.

    Raises:
        CheckpointError: damaged, or of another format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if part := archive.testzip():  # torch compares no checksums
                raise zipfile.BadZipFile(f"{part} is not what was written")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different type for each way a file can be broken
        # its advice on pickles is to trust them
        reason = "it holds more than tensors and numbers" if isinstance(error, pickle.UnpicklingError) else error
        raise CheckpointError(f"{path} is not a readable checkpoint ({reason})") from error
    found = state.get("format") if isinstance(state, dict) else None
    if found != FORMAT:
        raise CheckpointError(f"{path} has checkpoint format {found}, this program reads {FORMAT}")
    return state


def all_in(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, the one with the most steps last."""
    return sorted(folder.glob("step-*.pt"))


def newest(folder: Path) -> Path | None:
    """The checkpoint with the most steps in ``folder``."""
    found = all_in(folder)
    return found[-1] if found else None


def best(folder: Path) -> Path | None:
    """The checkpoint that :mod:`distill.choose` chose in ``folder``, the newest one where nothing was chosen.

    Raises:
        CheckpointError: the record of the choice is damaged, or what was chosen is gone.
    """
    record = folder / CHOSEN
    try:
        name = json.loads(record.read_text("utf-8"))["checkpoint"]
    except FileNotFoundError:
        return newest(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{record} is damaged ({error}); delete it, or choose again") from error
    if not isinstance(name, str) or folder / name not in all_in(folder):
        raise CheckpointError(f"{record} names {name!r}, which is not in {folder}; delete it, or choose again")
    return folder / name


def prune(folder: Path, keep: int) -> None:
    """Delete all checkpoints but the newest ``keep`` and the chosen one."""
    try:
        chosen = best(folder)
    except CheckpointError:
        chosen = None
    for old in all_in(folder)[:-keep]:
        if old != chosen:
            old.unlink()


def update_ema(average: dict[str, Tensor], model: torch.nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of the weights, faster at the beginning, in place."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, value in model.state_dict().items():
            average[name].lerp_(value.float(), 1 - decay)
