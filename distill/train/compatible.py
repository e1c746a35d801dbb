"""Whether a run may go on from a checkpoint: what the steps behind it were made with must be what the next are made with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from distill.train.config import TrainConfig

FREE = frozenset({"threads", "device", "save_every", "keep"})
"""How a run is carried out, not what comes out of it."""

SHAPE = frozenset({"size", "student"})
"""Two names of one thing, which is compared as it was built."""


def differences(saved: Mapping[str, Any], config: TrainConfig, step: int) -> list[str]:
    """What of ``config`` is not as in the ``saved`` one of a checkpoint at ``step``, a phrase each.

    Stages not yet begun may be changed, added and removed. A setting that the checkpoint does not know had the value
    that is the default now.
    """
    found = []
    for field in dataclasses.fields(config):
        if field.name in FREE | SHAPE | {"stages"}:
            continue
        default = field.default_factory() if field.default is dataclasses.MISSING else field.default
        then, now = (_plain(value) for value in (saved.get(field.name, default), getattr(config, field.name)))
        if then != now:
            found.append(f"{field.name} was {then}, now {now}")
    return found + _stage_differences(saved.get("stages", ()), config, step)


def _stage_differences(saved: Any, config: TrainConfig, step: int) -> list[str]:
    found, begin = [], 0
    for index, then in enumerate(saved):
        if step <= begin:
            break
        now = _plain(config.stages[index]) if index < len(config.stages) else None
        if now is None:
            found.append(f"stages[{index}] ({then['kind']}) is gone")
        else:
            found += [f"stages[{index}].{name} was {then[name]}, now {now.get(name)}" for name in then if then[name] != now.get(name)]
        begin += then["steps"]
    return found


def _plain(value: Any) -> Any:
    """Dataclasses and tuples as what they are once written and read."""
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
