from __future__ import annotations

import io
import logging
import os
import re
import socket
import threading
from collections.abc import Iterator

import pytest

from edge_agent.service import log
from edge_agent.service.log import AboutFilter, KeyValueFormatter, about, goes_to_journal, quote


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a logger named "part" writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(KeyValueFormatter())
    handler.addFilter(AboutFilter())
    logger = logging.getLogger("part")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


part = logging.getLogger("part")


def test_a_line_has_time_level_logger_thread_and_event(lines: io.StringIO) -> None:
    part.warning("reply withheld topic=%s n=%d", "a/b", 3)
    assert re.fullmatch(
        r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=warning logger=part thread=MainThread"
        r' event="reply withheld" topic=a/b n=3\n',
        lines.getvalue(),
    )


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("stopped", "event=stopped"),
        ("event=phrase_dropped key=%s", "event=phrase_dropped key=1"),
        ("only words here", 'event="only words here"'),
        ("it is 2 = 2", 'event="it is 2 = 2"'),
        ("two\nlines", r'event="two\nlines"'),
        ("said reason='a\nlevel=error'", r"event=said reason='a\nlevel=error'"),
        ("escape \x1b[2J x=\x1b[2J", r'event="escape \u001b[2J" x=\x1b[2J'),
    ],
)
def test_messages_become_pairs_on_one_line(lines: io.StringIO, message: str, written: str) -> None:
    part.info(message, *([1] if "%s" in message else []))
    assert lines.getvalue().rstrip("\n").endswith(f"thread=MainThread {written}")
    assert lines.getvalue().count("\n") == 1


def test_a_line_names_the_announcement_it_is_about(lines: io.StringIO) -> None:
    with about("gate-7"):
        part.info("started")
        part.info("started id=other")
        thread = threading.Thread(target=lambda: part.info("elsewhere"), name="audio")
        thread.start()
        thread.join()
    part.info("after")
    started, other, elsewhere, after = lines.getvalue().splitlines()
    assert " id=gate-7 event=started" in started
    assert other.count("id=") == 1
    assert "thread=audio event=elsewhere" in elsewhere, "another thread's lines are about something else"
    assert "id=" not in after


def test_a_traceback_stays_on_its_line(lines: io.StringIO) -> None:
    try:
        raise RuntimeError("broken\nin two")
    except RuntimeError:
        part.exception("failed")
    assert lines.getvalue().count("\n") == 1
    assert "event=failed traceback=" in lines.getvalue()
    assert r"RuntimeError: broken\nin two" in lines.getvalue()


@pytest.mark.parametrize(
    ("level", "prefix"),
    [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.ERROR, "<3>"), (logging.CRITICAL, "<3>")],
)
def test_the_journal_gets_priorities_and_keeps_its_own_time(level: int, prefix: str) -> None:
    record = logging.LogRecord("part", level, __file__, 1, "said", (), None)
    line = KeyValueFormatter(journal=True).format(record)
    assert line.startswith(f"{prefix}level=")
    assert "time=" not in line


def test_the_journal_is_recognised_by_device_and_inode() -> None:
    left, right = socket.socketpair()
    with left, right, os.fdopen(os.dup(left.fileno()), "w") as stream:
        status = os.fstat(stream.fileno())
        assert goes_to_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not goes_to_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not goes_to_journal(stream, {})
    assert not goes_to_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})


def test_set_up_and_take_down_leave_the_root_logger_as_it_was() -> None:
    before = list(logging.getLogger().handlers)
    stream = io.StringIO()
    handler = log.set_up("info", stream=stream, environ={})
    logging.getLogger("anything").info("heard")
    logging.getLogger("anything").debug("not heard")
    log.take_down(handler)
    logging.getLogger("anything").error("not heard either")
    assert stream.getvalue().count("\n") == 1
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("plain/1.5", "plain/1.5"), ("two words", '"two words"'), ("", '""'), ('a"b', r'"a\"b"'), (3, "3"), ("候车", "候车")],
)
def test_quote(value: object, quoted: str) -> None:
    assert quote(value) == quoted
