"""Has the running daemon say what becomes of a stick. Through its local socket, so it works with broker and network away."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from pathlib import Path

from edge_agent.client import SpeechClient, SpeechError
from edge_agent.voices.usb.report import StickReport
from edge_agent.voices.usb.sentences import READING, Lang

log = logging.getLogger(__name__)

_TTL_S = 600.0


class Teller:
    """Speaks about one stick; a daemon that is away, or will not, is logged and costs nothing else.

    Args:
        sockets: the folder of the daemon's sockets.
        langs: the languages, in the order in which they are spoken; none for silence.
        patience_s: how long to wait for the daemon, which may be restarting.
    """

    def __init__(self, sockets: Path, langs: Sequence[Lang], *, patience_s: float = 60.0) -> None:
        self._sockets, self._langs, self._patience_s = sockets, tuple(langs), patience_s
        self._id = f"usb-{uuid.uuid4().hex[:16]}"

    def reading(self) -> None:
        """Say that the stick is being read. Only a daemon that is there is told: nobody is to wait for this."""
        self._say(" ".join(READING.text(lang) for lang in self._langs), "reading", "chime", 2.0)

    def result(self, report: StickReport) -> bool:
        """Say what became of the stick; whether the daemon has taken it."""
        return self._say(report.spoken(self._langs), "result", "success" if report.ok else "error", self._patience_s)

    def _say(self, text: str, part: str, chime: str, patience_s: float) -> bool:
        if not text:
            return True
        try:
            with SpeechClient(self._sockets, timeout_s=patience_s) as client:
                # By its key the result takes the place of a "Reading" that nobody has heard yet, and not of another stick's result.
                client.say(text, id=f"{self._id}-{part}", key=self._id, priority="important", ttl_s=_TTL_S, chime=chime)
        except (SpeechError, ValueError) as error:
            log.warning("not spoken part=%s error=%r", part, str(error))
            return False
        return True
