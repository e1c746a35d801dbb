from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from edge_agent.heartbeat import Heartbeat
from edge_agent.service.notify import Notifier
from edge_agent.service.watchdog import Watchdog


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_is_fed_only_while_every_heart_beats(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    audio, mqtt = (Heartbeat(name, 2.0, monotonic=time) for name in ("audio", "mqtt"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        watchdog = Watchdog(notifier, [audio, mqtt])
        assert watchdog.check() == frozenset()
        assert manager.recv(100) == b"WATCHDOG=1"
        time.now = 3.0
        mqtt.beat()
        assert watchdog.check() == {"audio"}
        assert watchdog.check() == {"audio"}
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        audio.beat()
        assert watchdog.check() == frozenset()
        assert manager.recv(100) == b"WATCHDOG=1"
        notifier.close()
    assert caplog.text.count("thread stuck name=audio limit_s=2") == 1, "told once, not with every look"
    assert "thread recovered name=audio" in caplog.text


def test_goes_round_as_often_as_the_service_manager_wants(tmp_path: Path) -> None:
    async def feed(notifier: Notifier, manager: socket.socket) -> None:
        task = asyncio.create_task(Watchdog(notifier, []).run())
        for _ in range(3):
            assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(manager, 100), 60) == b"WATCHDOG=1"
        task.cancel()

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"})
        asyncio.run(feed(notifier, manager))
        notifier.close()
