"""The last stick's result, kept beside the daemon's state: the importer writes it, the daemon shows it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from edge_agent import state_file
from edge_agent.voices.usb.report import StickReport

log = logging.getLogger(__name__)

FILE = "usb.json"


def keep(state_dir: Path, report: StickReport) -> None:
    """Keep a report for :class:`Watched`.

    Raises:
        OSError: it could not be written.
    """
    state_file.write(state_dir / FILE, {"at": round(report.at.timestamp(), 3), **report.to_dict()}, mode=0o640)


class Watched:
    """Notices when a stick was imported.

    Args:
        state_dir: the folder :func:`keep` wrote to. A result that is there from the start is old news.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._stamp: tuple[int, int] | None = None
        self._last: dict[str, Any] | None = None
        self.news()

    @property
    def last(self) -> dict[str, Any] | None:
        """``at`` (seconds since the epoch), ``code``, ``ok`` and ``packs`` of the last stick; None if there was none."""
        return self._last

    def news(self) -> dict[str, Any] | None:
        """The last result if it is new since this was last asked, else None."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        stamp = status.st_mtime_ns, status.st_ino
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            self._last = state_file.read(self._path)
        except (OSError, ValueError) as error:
            log.warning("last stick unreadable path=%s error=%r", self._path, str(error))
            return None
        return self._last
