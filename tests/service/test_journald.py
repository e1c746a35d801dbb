"""What would reach the journal. The library builds against systemd's headers, so a module of the same shape stands in for it."""

from __future__ import annotations

import logging
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from edge_agent.service import log
from edge_agent.service.journald import JournalHandler, sender


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    journal = types.ModuleType("systemd.journal")
    journal.send = lambda message, **fields: messages.append({"MESSAGE": message, **fields})
    monkeypatch.setitem(sys.modules, "systemd", types.ModuleType("systemd"))
    monkeypatch.setitem(sys.modules, "systemd.journal", journal)
    return messages


def journal_stream(path: Path) -> dict[str, str]:
    status = path.stat()
    return {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}


def test_fields(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("w") as stream:
        handler = log.set_up("info", stream=stream, environ=journal_stream(path))
        try:
            with log.about("gate-7"):
                logging.getLogger("edge_agent.test").warning("drop noticed reason=%r", "two\nlines")
            logging.getLogger("edge_agent.test").info("well")
        finally:
            log.take_down(handler)
    first, second = sent
    assert (first["PRIORITY"], first["ANNOUNCEMENT_ID"]) == (4, "gate-7")
    assert (first["LOGGER"], first["THREAD_NAME"]) == ("edge_agent.test", "MainThread")
    assert first["MESSAGE"].startswith("level=warning logger=edge_agent.test thread=MainThread id=gate-7 event=")
    assert first["CODE_FILE"] == __file__
    assert first["CODE_FUNC"] == "test_fields"
    assert second["PRIORITY"] == 6
    assert "ANNOUNCEMENT_ID" not in second
    assert path.read_text() == "", "not a second time as text"


def test_text_goes_where_no_journal_is(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("w") as stream:
        handler = log.set_up("info", stream=stream, environ={})
        logging.getLogger("edge_agent.test").info("well")
        log.take_down(handler)
    assert sent == []
    assert "event=well" in path.read_text()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "systemd", None)
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    assert sender() is None


def test_trouble_with_the_journal_reaches_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_message: str, **_fields: object) -> None:
        raise OSError(os.strerror(2))

    handler = JournalHandler(broken)
    handler.handle(logging.LogRecord("x", logging.INFO, __file__, 1, "well", (), None))
    assert "No such file" in capsys.readouterr().err
