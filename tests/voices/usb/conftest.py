"""A stick as a folder, and a store that keeps what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

import pytest

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.usb import Limits, StickReport, import_stick
from tests.rigs.zmq_peer import station  # noqa: F401 (a fixture)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


class Refusal(EdgeAgentError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Voice:
    id: str
    seq: int


@dataclass
class FakeStore:
    """Takes ``<voice> <seq>``; any other content is the reason of its refusal."""

    taken: list[Voice] = field(default_factory=list)

    def install(self, pack: BinaryIO) -> Voice:
        first, _, second = pack.read().decode().partition(" ")
        if not second:
            raise Refusal(first)
        voice = Voice(first, int(second))
        if voice in self.taken:
            raise Refusal("installed")
        self.taken.append(voice)
        return voice


@dataclass
class Stick:
    folder: Path
    spool: Path
    store: FakeStore = field(default_factory=FakeStore)

    def put(self, name: str, content: str = "anna 1") -> Path:
        path = self.folder / name
        path.write_text(content)
        return path

    def read(self, **limits: int) -> StickReport:
        return import_stick(self.folder, self.store.install, self.spool, NOW, limits=Limits(**limits))


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    (tmp_path / "stick").mkdir()
    return Stick(tmp_path / "stick", tmp_path / "spool")
