"""What becomes of the voices on this device, whoever does it, told as events."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from edge_agent.events import VOICE, Event
from edge_agent.voices.store.audit import Record
from edge_agent.voices.store.book import Book

log = logging.getLogger(__name__)

CHANGES = ("installed", "refused", "activated", "rolled_back", "expired", "revoked", "deleted")
"""Records of the store's audit log that are told."""


class VoiceNews:
    """What is in the log when this is made is none.

    Args:
        tell: sends an event.
    """

    def __init__(self, book: Book, tell: Callable[[Event], None]) -> None:
        self._book, self._send = book, tell
        self._told: int | None = None
        self._unread()

    def tell(self, speaking: str | None) -> None:
        """Tell what was done since the last time, with the voice that speaks now."""
        for record in self._unread():
            if record.event in CHANGES:
                reason = record.detail.get("problem") or record.detail.get("failed")
                detail = {"change": record.event, "voice": record.voice, "seq": record.seq, "by": record.by, "speaking": speaking}
                self._send(Event(VOICE, "voice", time.time(), record.by, detail=detail | ({"reason": reason} if reason else {})))

    def _unread(self) -> list[Record]:
        try:
            records = self._book.records()
        except OSError as error:
            log.error("audit log unreadable error=%r", str(error))
            return []
        told, self._told = self._told, records[-1].number if records else 0
        return [record for record in records if told is not None and record.number > told]
