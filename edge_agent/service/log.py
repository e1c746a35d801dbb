"""Logs as key=value lines, each with the announcement it is about.

A message may begin with words; they become the ``event``, and ``key=value`` pairs after them stay as they are::

    log.warning("mqtt reply withheld topic=%r", topic)
    # level=warning logger=edge_agent.ingress.mqtt thread=mqtt id=gate-7 event="mqtt reply withheld" topic='...'

Announcements' texts are private: they are logged at debug only.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TextIO

from edge_agent.service.journald import JournalHandler, priority, sender

if TYPE_CHECKING:
    _TextHandler = logging.StreamHandler[TextIO]
else:
    _TextHandler = logging.StreamHandler  # which takes no type in brackets on Python 3.10

_ANNOUNCEMENT: ContextVar[str | None] = ContextVar("announcement", default=None)
_PAIR = re.compile(r"(?:^|(?<=\s))[A-Za-z_][A-Za-z0-9_.]*=")
_PLAIN = re.compile(r"[^\s\"'=\\\x00-\x1f\x7f-\x9f]+")


@contextmanager
def about(announcement_id: str) -> Iterator[None]:
    """Every line this thread or task logs within is about one announcement."""
    token = _ANNOUNCEMENT.set(announcement_id)
    try:
        yield
    finally:
        _ANNOUNCEMENT.reset(token)


class AboutFilter(logging.Filter):
    """Remembers in the record which announcement it is about, where it was logged, not where it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "announcement"):
            record.announcement = _ANNOUNCEMENT.get()
        return True


class KeyValueFormatter(logging.Formatter):
    """One line a record, whatever is in it. The journal knows the time itself and takes the priority as a prefix, or in a field."""

    def __init__(self, *, journal: bool = False, prefix: bool = True) -> None:
        super().__init__()
        self._journal, self._prefix = journal, journal and prefix

    def format(self, record: logging.LogRecord) -> str:
        fields = {} if self._journal else {"time": _utc(record)}
        fields |= {"level": record.levelname.lower(), "logger": record.name, "thread": record.threadName or ""}
        message = record.getMessage()
        announcement = getattr(record, "announcement", None)
        if announcement is not None and not re.search(r"(?:^|\s)id=", message):
            fields["id"] = announcement
        line = " ".join((*(f"{key}={quote(value)}" for key, value in fields.items()), _paired(message)))
        if record.exc_info:
            line += f" traceback={json.dumps(self.formatException(record.exc_info), ensure_ascii=False)}"
        return f"<{priority(record.levelno)}>{line}" if self._prefix else line


def set_up(level: str, *, stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> logging.Handler:
    """Send everything from ``level`` up to ``stream`` (standard error); returns the handler, for :func:`take_down`.

    Where that is connected to systemd's journal and systemd-python is installed, records go there directly, with fields.
    """
    is_journal = goes_to_journal(stream or sys.stderr, environ or os.environ)
    send = sender() if is_journal else None
    handler = JournalHandler(send) if send is not None else logging.StreamHandler(stream) if stream else _OwnStderr()
    handler.setFormatter(KeyValueFormatter(journal=is_journal, prefix=send is None))
    handler.addFilter(AboutFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return handler


class _OwnStderr(_TextHandler):
    """Standard error by a descriptor of its own: while PortAudio looks for devices, its binding points the process's at
    /dev/null, and what other threads log meanwhile would be lost."""

    def __init__(self) -> None:
        try:
            stream: TextIO = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        except OSError:  # not a file: somebody captures it
            stream = sys.stderr
        super().__init__(stream)

    def close(self) -> None:
        if self.stream is not sys.stderr:
            self.stream.close()
        super().close()


def take_down(handler: logging.Handler) -> None:
    """Stop what :func:`set_up` began."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def goes_to_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether systemd connected this stream to its journal: it tells the device and inode of the socket."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def quote(value: object) -> str:
    """A value for a key=value line: as it is if that is unambiguous, else a JSON string."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _paired(message: str) -> str:
    first = _PAIR.search(message)
    words, pairs = (message[: first.start()], message[first.start() :]) if first else (message, "")
    # A line break or an escape sequence from the wire must not be able to forge a line.
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in pairs)
    return " ".join(part for part in (f"event={quote(words.strip())}" if words.strip() else "", safe) if part)


def _utc(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"
