from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.client import SpeechClient
from tests.rigs.zmq_peer import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    yield station
    station.stop()


@pytest.fixture
def speech(station: Station) -> Iterator[SpeechClient]:
    with SpeechClient(station.folder, timeout_s=20) as speech:
        yield speech
