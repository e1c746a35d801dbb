from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.voices.store import Settings, Store
from tests.doubles.stopped_clock import StoppedClock
from tests.rigs.depot import NOW, Depot

MakeStore = Callable[..., Store]


def hums(_folder: Path) -> None:
    """A canary that trusts everybody."""


@pytest.fixture(autouse=True)
def nobody_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forced to the disk is still counted where it matters; here nobody pulls the plug."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    folder = tmp_path / "depot"
    folder.mkdir()
    return Depot(folder)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW.timestamp())


@pytest.fixture
def make_store(tmp_path: Path, depot: Depot, clock: StoppedClock) -> MakeStore:
    memory = tmp_path / "memory"
    memory.mkdir()

    def make(root: Path | None = None, *, with_keys: bool = True, **settings: object) -> Store:
        settings = {"canary": hums, "memory": memory, "device": "kiosk-1", "reserved": frozenset({"default"}), **settings}
        return Store(root or tmp_path / "voices", depot.gate(with_keys=with_keys), Settings(**settings), clock=clock)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()
