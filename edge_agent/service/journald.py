"""Log records with fields of their own in systemd's journal, where systemd-python is installed.

``journalctl -u edge-agent ANNOUNCEMENT_ID=gate-7`` then shows the life of one announcement. Without it the journal gets the same
as key=value text. See systemd.journal-fields(7) for the names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))
"""From Python's levels to those of syslog."""

Send = Callable[..., object]
"""``systemd.journal.send``: the message, and fields by name."""


def sender() -> Send | None:
    """What sends to the journal, None where the library is not installed."""
    try:
        from systemd.journal import send
    except ImportError:
        return None
    found: Send = send
    return found


def priority(level: int) -> int:
    return next(number for floor, number in PRIORITIES if level >= floor)


class JournalHandler(logging.Handler):
    """Sends each record with its priority, logger, thread, place in the code, and the announcement it is about."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields: dict[str, object] = {
                "PRIORITY": priority(record.levelno),
                "SYSLOG_IDENTIFIER": "edge-agent",
                "LOGGER": record.name,
                "THREAD_NAME": record.threadName or "",
                "CODE_FILE": record.pathname,
                "CODE_LINE": record.lineno,
                "CODE_FUNC": record.funcName,
            }
            announcement = getattr(record, "announcement", None)
            if announcement is not None:
                fields["ANNOUNCEMENT_ID"] = announcement
            self._send(self.format(record), **fields)
        except Exception:  # noqa: BLE001 - logging's contract: trouble with the log never reaches who logs
            self.handleError(record)
