from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.alsa import alsa_file_pcm, null_sink, null_sink_daemon  # noqa: F401 (fixtures)
from tests.rigs.daemon import Daemon
from tests.rigs.mosquitto import certificates, mosquitto  # noqa: F401 (fixtures)
from tests.rigs.mqtt_peer import Peer

StartDaemon = Callable[..., Daemon]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[StartDaemon]:
    """``daemon(port, settings)`` makes a :class:`Daemon` and starts it unless told not to; killed after the test."""
    made: list[Daemon] = []

    def start(port: int, settings: dict[str, Any] | None = None, *, start: bool = True) -> Daemon:
        made.append(Daemon(tmp_path / f"daemon-{len(made)}", port, settings))
        return made[-1].start() if start else made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def connect(*arguments: Any, **options: Any) -> Peer:
        peers.append(Peer(*arguments, **options))
        return peers[-1]

    yield connect
    for one in peers:
        one.close()
