from __future__ import annotations

import os

import pytest

from tests.cli.conftest import edge_agent  # noqa: F401 (fixture)


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some thousand files are written here, and no power is cut."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
