"""The synthesis thread: fills the utterance that is playing, and warms the cache when nothing is."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from edge_agent.announcement import Lang
from edge_agent.errors import EdgeAgentError
from edge_agent.heartbeat import Heartbeat
from edge_agent.playback.utterance import Utterance
from edge_agent.service.log import about
from edge_agent.speech import Script, Speaker
from edge_agent.text import Speech
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)

_PATIENCE_S = 1.0
REHEARSAL = "请A123号旅客于14:05到3号窗口。Platform 2 is open."
"""Takes the whole way through the text front end, in both languages."""


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
    """Texts to have in the cache; ``done`` is called with how many segments were made, and what was wrong with each text
    that failed."""

    texts: tuple[str, ...]
    lang: Lang
    voice: VoiceInfo
    pinned: bool = False
    speed: float = 1.0
    done: Callable[[int, list[str]], None] = field(default=lambda *_: None)


class _Wanted(Exception):
    """The thread has something better to do than to make a recording, or to rehearse."""


class SynthesisWorker:
    """Owns the thread named ``synthesis``. Speech goes before warming and rehearsals, which give way after any chunk. A segment to
    warm then begins anew; one rehearsed does not, as its first chunk was the slow one."""

    def __init__(self, speaker: Speaker, heartbeat: Heartbeat) -> None:
        self._speaker, self._heartbeat = speaker, heartbeat
        self._changed = threading.Condition()
        self._speech: deque[Job] = deque()
        self._filling: Job | None = None
        self._idle: deque[Iterator[None]] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="synthesis", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread after the chunk it is making."""
        with self._changed:
            self._stopping = True
            # The one being filled too: a player that hangs, or was stopped before it had heard of it, takes nothing of it.
            for job in (self._filling, *self._speech):
                if job is not None:
                    job.utterance.cancel()
            self._changed.notify()
        self._thread.join(timeout_s)

    def speak(self, job: Job) -> None:
        """Fill an utterance as soon as the one before is filled or cancelled."""
        with self._changed:
            self._speech.append(job)
            self._changed.notify()

    def load(self, voice: VoiceInfo, then: Callable[[], None] = lambda: None) -> None:
        """Load a voice in a thread of its own, since that may take minutes and recordings can be played meanwhile; ``then``
        is called in that thread, whether it could be loaded or not."""
        threading.Thread(target=self._load, args=(voice, then), name="voice", daemon=True).start()

    def warm(self, task: Warm) -> None:
        """Make recordings when there is nothing to say."""
        self._when_idle(self._warming(task))

    def rehearse(self, voice: VoiceInfo) -> None:
        """Have a loaded voice do what is slow the first time, when there is nothing to say."""
        self._when_idle(self._rehearsing(voice))

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do something in the synthesis thread, after everything that is to be said now."""
        self._when_idle(_once(action))

    def _when_idle(self, steps: Iterator[None]) -> None:
        with self._changed:
            self._idle.append(steps)
            self._changed.notify()

    def _warming(self, task: Warm) -> Iterator[None]:
        made, problems = 0, []
        for text in task.texts:
            try:
                for segment in self._speaker.script(text, task.lang, task.voice).speech:
                    while (was_made := self._make(segment, task)) is None:
                        yield
                    made += was_made
                    yield
            except EdgeAgentError as error:
                problems.append(f"{text[:40]!r}: {error}")
                yield
            except Exception:  # a supervision boundary: one text must cost neither the others nor the answer
                log.exception("text not warmed")
                problems.append(f"{text[:40]!r}: internal error; the daemon's log has more")
                yield
        task.done(made, problems)

    def _make(self, segment: Speech, task: Warm) -> bool | None:
        """Whether a recording had to be made; None if speech came meanwhile, which must not wait for the rest of it."""
        try:
            return self._speaker.prewarm(segment, task.voice, pinned=task.pinned, speed=task.speed, on_chunk=self._unless_wanted)
        except _Wanted:
            return None

    def _unless_wanted(self) -> None:
        self._heartbeat.beat()
        if self._speech or self._stopping:
            raise _Wanted

    def release(self, texts: Iterable[str], voice: VoiceInfo) -> None:
        """Pin the recordings of texts no longer, when there is nothing to say."""
        self._when_idle(self._releasing(tuple(texts), voice))

    def _releasing(self, texts: tuple[str, ...], voice: VoiceInfo) -> Iterator[None]:
        for text in texts:
            with suppress(EdgeAgentError):
                for segment in self._speaker.script(text, "auto", voice).speech:
                    self._speaker.release(segment, voice)
            yield

    def step(self, patience_s: float = 0.0) -> bool:
        """What the thread does again and again: the most urgent thing, or wait so long for one; whether there was one."""
        self._heartbeat.beat()
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._speech or self._idle, patience_s)
            job = self._filling = self._speech.popleft() if self._speech else None
            steps = self._idle[0] if job is None and self._idle else None
        if job is not None:
            with about(job.utterance.id):
                self._fill(job)
        elif steps is not None and self._over(steps):
            self._idle.popleft()
        return job is not None or steps is not None

    def _run(self) -> None:
        while not self._stopping:
            self.step(_PATIENCE_S)

    def _load(self, voice: VoiceInfo, then: Callable[[], None]) -> None:
        try:
            self._speaker.engines.get(voice)
            # What is first is slow: tables are read, and memory is taken by the model.
            self._when_idle(self._rehearsing(voice))
            self._speaker.script(REHEARSAL, "auto")
        except EdgeAgentError as error:
            log.error("voice not loaded voice=%s error=%r", voice.id, str(error))
        then()

    def _rehearsing(self, voice: VoiceInfo) -> Iterator[None]:
        for segment in self._speaker.script(REHEARSAL, "auto", voice).speech:
            with suppress(_Wanted):
                self._speaker.rehearse(segment, voice, on_chunk=self._unless_wanted)
            yield

    def _over(self, steps: Iterator[None]) -> bool:
        try:
            next(steps)
        except StopIteration:
            return True
        except Exception:  # a supervision boundary: the thread must outlive whatever an idle task does
            log.exception("idle task failed")
            return True
        return False

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
            if not job.utterance.put(piece.pcm, segment=piece.segment, gain=piece.gain, waiting=self._heartbeat.beat):
                return
            job.on_first_pcm()
        job.utterance.finish()


def _once(action: Callable[[], None]) -> Iterator[None]:
    action()
    yield
