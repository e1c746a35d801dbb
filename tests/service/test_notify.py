from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.service.notify import Notifier

Manager = tuple[socket.socket, str]


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    """The service manager's end, and its address as NOTIFY_SOCKET gives it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@edge-agent-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.settimeout(60)
        yield listening, name


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda notifier: notifier.ready("cached phrases play"), "READY=1\nSTATUS=cached phrases play"),
        (lambda notifier: notifier.ready(), "READY=1"),
        (lambda notifier: notifier.status("two\nlines"), "STATUS=two lines"),
        (lambda notifier: notifier.stopping(), "STOPPING=1"),
        (lambda notifier: notifier.alive(), "WATCHDOG=1"),
    ],
)
def test_each_message_is_one_datagram(manager: Manager, say: Callable[[Notifier], None], message: str) -> None:
    listening, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    say(notifier)
    assert listening.recv(4096).decode() == message
    notifier.close()


def test_a_reload_carries_the_time_it_began(manager: Manager) -> None:
    listening, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.reloading()
    reloading, moment = listening.recv(4096).decode().split("\n")
    assert reloading == "RELOADING=1"
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.close()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}])
def test_without_a_service_manager_nothing_is_said(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.ready()
    assert notifier.watchdog_s is None
    notifier.close()


def test_a_service_manager_that_is_gone_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notifier.alive()
    assert "service manager not told" in caplog.text
    notifier.close()


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_time(environ: dict[str, str], watchdog_s: float | None) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "/run/nobody", **environ})
    assert notifier.watchdog_s == watchdog_s
    notifier.close()
