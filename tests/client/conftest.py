from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_agent.client import SpeechClient
from tests.rigs.zmq_peer import Station, station  # noqa: F401 (a fixture)


@pytest.fixture
def speech(station: Station) -> Iterator[SpeechClient]:  # noqa: F811 (the fixture)
    with SpeechClient(station.folder, timeout_s=20) as speech:
        yield speech
