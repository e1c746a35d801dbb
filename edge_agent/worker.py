"""The synthesis thread: fills the utterance that is playing, and warms the cache when nothing is."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.errors import EdgeAgentError
from edge_agent.playback.utterance import Utterance
from edge_agent.service.heartbeat import Heartbeat
from edge_agent.service.log import about
from edge_agent.speech import Script, Speaker
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)

_PATIENCE_S = 1.0


@dataclass(slots=True)
class Job:
    """One utterance to fill. The counts are filled in by the worker; read them when the utterance has ended."""

    utterance: Utterance
    script: Script
    voice: VoiceInfo
    speed: float
    first_segment: int
    on_first_pcm: Callable[[], None]
    segments_cached: int = 0
    segments_made: int = 0
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Warm:
    """Texts to have in the cache; ``done`` is called with how many segments were made, how many texts failed, and why
    the first of them did."""

    scripts: tuple[Script, ...]
    voice: VoiceInfo
    pinned: bool = False
    done: Callable[[int, int, str | None], None] = field(default=lambda *_: None)


class SynthesisWorker:
    """Owns the thread named ``synthesis``. Speech goes before warming, which gives way between two texts."""

    def __init__(self, speaker: Speaker, heartbeat: Heartbeat) -> None:
        self._speaker, self._heartbeat = speaker, heartbeat
        self._changed = threading.Condition()
        self._speech: deque[Job] = deque()
        self._idle: deque[Callable[[], None]] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="synthesis", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread after the chunk it is making."""
        with self._changed:
            self._stopping = True
            for job in self._speech:
                job.utterance.cancel()
            self._changed.notify()
        self._thread.join(timeout_s)

    def speak(self, job: Job) -> None:
        """Fill an utterance as soon as the one before is filled or cancelled."""
        with self._changed:
            self._speech.append(job)
            self._changed.notify()

    def load(self, voice: VoiceInfo) -> None:
        """Load a voice when there is nothing to say."""
        self._when_idle(lambda: self._load(voice))

    def warm(self, task: Warm) -> None:
        """Make recordings when there is nothing to say."""
        counts = [0, 0]
        problems: list[str] = []

        def one(script: Script) -> None:
            try:
                counts[0] += self._speaker.prewarm(script, task.voice, pinned=task.pinned)
            except EdgeAgentError as error:
                counts[1] += 1
                problems.append(str(error))

        for script in task.scripts:
            self._when_idle(lambda script=script: one(script))
        self._when_idle(lambda: task.done(counts[0], counts[1], problems[0] if problems else None))

    def _when_idle(self, task: Callable[[], None]) -> None:
        with self._changed:
            self._idle.append(task)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            self._heartbeat.beat()
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._speech or self._idle, _PATIENCE_S)
                if self._stopping:
                    return
                job = self._speech.popleft() if self._speech else None
                task = self._idle.popleft() if job is None and self._idle else None
            if job is not None:
                with about(job.utterance.id):
                    self._fill(job)
            elif task is not None:
                self._supervise(task)

    def _load(self, voice: VoiceInfo) -> None:
        try:
            self._speaker.engines.get(voice)
        except EdgeAgentError as error:
            log.error("voice not loaded voice=%s error=%r", voice.id, str(error))

    def _supervise(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:  # a supervision boundary: the thread must outlive whatever an idle task does
            log.exception("idle task failed")

    def _fill(self, job: Job) -> None:
        utterance = job.utterance
        try:
            self._stream(job)
        except EdgeAgentError as error:
            utterance.fail(error)
        except Exception as error:  # a supervision boundary: one announcement must not end the thread
            log.exception("synthesis failed")
            utterance.fail(error)

    def _stream(self, job: Job) -> None:
        counted = -1
        for piece in self._speaker.pieces(job.script, job.voice, speed=job.speed, first=job.first_segment):
            self._heartbeat.beat()
            if piece.cached is not None and piece.segment != counted:
                counted = piece.segment
                job.segments_cached += piece.cached
                job.segments_made += not piece.cached
                if not piece.cached:
                    job.provider = self._speaker.engines.get(job.voice).provider
            if not job.utterance.put(piece.pcm, segment=piece.segment, gain=piece.gain):
                return
            job.on_first_pcm()
        job.utterance.finish()
