"""The thread that finds out what computes a voice best, while the voice already speaks on the processor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from edge_agent.synthesis.providers import Choice, Chooser, Stopped
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)


class Settling:
    """Runs one search at a time; a new one takes the place of the one before. Thread-safe.

    Args:
        chooser: tries the providers.
        opened: gives the folder of a voice's verified files for as long as it is tried.
        adopt: has the voice computed as chosen; whether that is the end of the search.
    """

    def __init__(
        self, chooser: Chooser, opened: Callable[[VoiceInfo], AbstractContextManager[Path]], adopt: Callable[[VoiceInfo, Choice], bool]
    ) -> None:
        self._chooser, self._opened, self._adopt = chooser, opened, adopt
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._voice: VoiceInfo | None = None

    def begin(self, voice: VoiceInfo, waits_s: Iterable[float]) -> None:
        """Search after the first of ``waits_s``, and again after each further one as long as nothing was settled."""
        with self._lock:
            self._stop.set()
            self._stop = stop = threading.Event()
            self._voice = voice
            self._thread = threading.Thread(
                target=self._search, args=(voice, waits_s, stop, self._thread), name="providers", daemon=True
            )
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the search and the trial it is at."""
        with self._lock:
            self._stop.set()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def forget(self, voice_id: str) -> None:
        """Remove what was compiled of a voice that was deleted, by a search that went on meanwhile, and end that."""
        with self._lock:
            voice = self._voice
        if voice is None or voice.id != voice_id:
            return
        self.stop()
        try:
            self._chooser.forget(voice.digest)
        except OSError as error:
            log.error("compiled voice not deleted voice=%s error=%r", voice_id, str(error))

    def _search(self, voice: VoiceInfo, waits_s: Iterable[float], stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it was told to stop; two trials at once would disturb each other's times
        for wait_s in waits_s:
            if stop.wait(wait_s):
                return
            try:
                with self._opened(voice) as folder:
                    choice = self._chooser.choose(folder, voice.digest, stop)
            except Stopped:
                return
            except Exception:  # a supervision boundary: the voice goes on speaking as it does
                log.exception("search for a provider failed voice=%s", voice.id)
                return
            if stop.is_set() or self._adopt(voice, choice):
                return
