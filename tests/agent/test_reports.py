from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_agent.agent.reports import Reports
from edge_agent.service.notify import Notifier
from edge_agent.voices.usb import Watched


class Board:
    """The part of an ingress that keeps the newest status."""

    def __init__(self) -> None:
        self.said: tuple[str, list[str]] = ("online", [])

    def set_status(self, state: str, why: list[str]) -> None:
        self.said = state, why


def test_of_two_threads_the_newer_news_is_told_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports, board = Reports(Notifier({}), Watched(tmp_path), 0), Board()
    reports.ingresses.append(board)
    other = threading.Thread(target=reports.health.degrade, args=("cache", "full"))

    def between(_is_degraded: bool) -> None:
        """The state was asked for, and is not told yet."""
        if other.ident is None:
            other.start()
            other.join(0.2)  # it has to wait for us, or it is over by then

    monkeypatch.setattr(reports.metrics, "degraded", between)
    reports.health.degrade("audio", "no device")
    other.join()
    assert board.said == reports.health.state() == ("degraded", ["audio: no device", "cache: full"])
