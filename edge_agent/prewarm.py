"""Phrases that are to be ready: those of the configuration, and those that the pack of the voice that speaks brings."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from edge_agent.listed import NotUtf8, read_list
from edge_agent.service.health import Health
from edge_agent.speech import Repertoires
from edge_agent.voices import VoiceInfo
from edge_agent.worker import SynthesisWorker, Warm

log = logging.getLogger(__name__)


class Prewarm:
    """Any thread. What is wrong with the phrases is the daemon's trouble ``prewarm``.

    Args:
        file: phrases of the configuration, one a line.
    """

    def __init__(self, worker: SynthesisWorker, repertoires: Repertoires, health: Health, file: Path | None) -> None:
        self._worker, self._repertoires, self._health = worker, repertoires, health
        self.file = file

    def begin(self, voice: VoiceInfo) -> None:
        """Have them when nothing else is to be done, pinned."""
        texts, trouble = self._texts(voice)
        if texts:
            done = partial(self._done, len(texts), trouble)
            self._worker.warm(Warm(texts, "auto", voice, pinned=True, done=done))
        else:
            self._health.note("prewarm", trouble)

    def release(self, voice: VoiceInfo) -> None:
        """Let those go, when room is needed, that were made with a version that another one has replaced."""
        self._worker.release(self._texts(voice)[0], voice)

    def _texts(self, voice: VoiceInfo) -> tuple[tuple[str, ...], str | None]:
        """With what is wrong with the file."""
        brought = self._repertoires.of(voice).phrases
        try:
            own = read_list(self.file) if self.file is not None else []
        except (OSError, NotUtf8) as error:
            return brought, str(error)
        return tuple(dict.fromkeys((*brought, *own))), None

    def _done(self, n_texts: int, trouble: str | None, made: int, problems: list[str]) -> None:
        log.info("prewarmed texts=%d segments_made=%d failed=%d", n_texts, made, len(problems))
        self._health.note("prewarm", "; ".join([*([trouble] if trouble else []), *problems][:3]) or None)
