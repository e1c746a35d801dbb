from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    worlds: list[World] = []

    def make(**options: Any) -> World:
        worlds.append(World(tmp_path / f"device-{len(worlds)}", **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.crash()


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()
