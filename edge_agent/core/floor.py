"""The floor: one announcement has it at a time, from its turn to its last frame."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.announcement import Announcement, OnInterrupt, Outcome
from edge_agent.core.admission import Admitted
from edge_agent.core.ledger import Ledger
from edge_agent.core.lives import Lives
from edge_agent.core.ports import Ports
from edge_agent.events import INTERRUPTED, STARTED
from edge_agent.parse import Rejected
from edge_agent.playback.events import Cut, DeviceBack, DeviceLost, Drained, Failed, NearEnd, PlayerEvent, Reached, Started, Underrun
from edge_agent.playback.utterance import Utterance
from edge_agent.queue import interrupts
from edge_agent.worker import Job

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Turn:
    """One time of having the floor. ``ending_reason`` says why it was told to end early, ``ending`` with which outcome; without
    one it gives way and comes back as it wishes."""

    admitted: Admitted
    utterance: Utterance
    job: Job
    started: bool = False
    near_end: bool = False
    ending: Outcome | None = None
    ending_reason: str = ""

    @property
    def announcement(self) -> Announcement:
        return self.admitted.announcement

    @property
    def n_segments(self) -> int:
        return len(self.admitted.script.items)

    def facts(self) -> dict[str, object]:
        """How it was spoken, for the event of its end."""
        job = self.job
        return {
            "voice": self.admitted.voice.id, "provider": job.provider,
            "cache_hit": job.segments_made == 0 and job.segments_cached > 0,
            "segments_cached": job.segments_cached, "segments_made": job.segments_made,
        }


class Floor:
    """Has announcements spoken, and makes of what the player reports what becomes of them.

    Args:
        on_free: called when a turn is over and another may begin.
    """

    def __init__(self, ports: Ports, ledger: Ledger, lives: Lives, on_free: Callable[[], None]) -> None:
        self._ports, self._ledger, self._lives, self._on_free = ports, ledger, lives, on_free
        self._turn: _Turn | None = None

    @property
    def speaker(self) -> Announcement | None:
        """Whose turn it is."""
        return self._turn.announcement if self._turn else None

    @property
    def sounding(self) -> bool:
        """Whether it is heard already."""
        return self._turn is not None and self._turn.started

    @property
    def lapses_at(self) -> float | None:
        """When the time of the one that has the floor is over, if it is not heard before. None without one, or once it is."""
        waits = self._turn is not None and not self._turn.started and self._turn.ending is None
        return self._turn.announcement.expires_at if waits else None

    def take(self, announcement: Announcement, now: float) -> bool:
        """Begin a turn. False when it cannot be spoken (now or any more), which ends it."""
        if self._ports.policy.quiet_until(now, announcement.priority) is not None:
            self._lives.finish(announcement, Outcome.DROPPED, {"reason": "quiet hours began while it waited"})
            return False
        try:
            admitted = self._ports.admission.prepare(announcement)
        except Rejected as error:
            self._lives.finish(announcement, Outcome.FAILED, error.detail())
            return False
        except Exception:  # a supervision boundary: one that waits in the journal would end the daemon at each of its starts
            log.exception("announcement not understood id=%s", announcement.id)
            self._lives.finish(announcement, Outcome.FAILED, {"reason": "internal error; the daemon's log has more"})
            return False
        first = self._lives.first_segment(announcement.id)
        if first >= len(admitted.script.items):  # another version of this program read it as more of them
            first = 0
        utterance = Utterance(announcement.id, admitted.voice.sample_rate, volume=announcement.volume, first_segment=first)
        stages = self._lives.stages(announcement.id)
        job = Job(utterance, admitted.script, admitted.voice, announcement.speed, first, lambda: stages.reach("first_pcm"))
        self._turn = _Turn(admitted, utterance, job)
        self._ports.speaking(True)
        self._ports.worker.speak(job)
        self._ports.player.play(utterance)
        return True

    def make_way(self, newcomer: Announcement) -> None:
        """Interrupt the turn if a newcomer that is due may."""
        is_due = newcomer.not_before is None or newcomer.not_before <= self._ports.clock.now()
        if self._turn is not None and is_due and interrupts(newcomer.priority, self._turn.announcement.priority):
            self.interrupt(f"{newcomer.priority.name.lower()} announcement {newcomer.id}")

    def interrupt(self, reason: str) -> None:
        """Silence the turn; its announcement comes back as it wishes."""
        if self._turn is not None and not self._turn.ending_reason:
            self._turn.ending_reason = reason
            self._ports.player.preempt()

    def cut(self, outcome: Outcome, reason: str) -> None:
        """Silence the turn for good."""
        if self._turn is not None:
            self._turn.ending, self._turn.ending_reason = outcome, reason
            self._ports.player.preempt()

    def heard(self, event: PlayerEvent) -> None:
        """Take what the player reports."""
        match event:
            case DeviceLost():
                self._ports.health.degrade("audio", event.reason)
                self._ports.metrics.device_lost()
                self._ports.speaking(False)
            case DeviceBack():
                self._ports.health.recover("audio")
            case NearEnd():
                # Journaled first, acknowledged then: after this moment a crash counts the announcement as spoken.
                self._ledger.ending(event.id)
                event.acknowledge()
                if self._turn is not None and self._turn.announcement.id == event.id:
                    self._turn.near_end = True
            case _ if self._turn is not None and self._turn.announcement.id == event.id:
                self._follow(self._turn, event)

    def _follow(self, turn: _Turn, event: Started | Reached | Underrun | Drained | Cut | Failed) -> None:
        announcement = turn.announcement
        match event:
            case Started():
                turn.started = True
                self._ports.speaking(True)
                self._ledger.started(announcement.id, turn.job.first_segment)
                self._lives.tell(announcement, STARTED, {"delay_s": round(event.delay_s, 4)})
            case Reached():
                if announcement.on_interrupt is OnInterrupt.RESUME and event.segment < turn.n_segments:
                    self._ledger.started(announcement.id, event.segment)
            case Underrun():
                self._ports.metrics.underrun(event.cause)
            case _:
                self._turn = None
                turn.utterance.cancel()
                self._end(turn, event)
                self._on_free()
                if self._turn is None:
                    self._ports.speaking(False)

    def _end(self, turn: _Turn, event: Drained | Cut | Failed) -> None:
        announcement, facts = turn.announcement, turn.facts()
        if isinstance(event, Failed):
            self._lives.finish(announcement, Outcome.FAILED, {"reason": str(event.error), **facts})
            return
        facts["audio_s"] = round(event.audio_s, 3)
        self._ports.metrics.played(event.audio_s)
        if isinstance(event, Drained):
            self._lives.stages(announcement.id).reach("drained")
            self._lives.finish(announcement, Outcome.PLAYED, facts)
        elif turn.ending is None and event.segment >= turn.n_segments:
            self._lives.finish(announcement, Outcome.PLAYED, facts)  # only its closing silence was cut
        elif turn.ending is not None:
            self._lives.finish(announcement, turn.ending, {"reason": turn.ending_reason, **facts})
        else:
            self._requeue(turn, event, facts)

    def _requeue(self, turn: _Turn, event: Cut, facts: dict[str, object]) -> None:
        announcement, reason = turn.announcement, turn.ending_reason or "the audio device went away"
        if announcement.on_interrupt is OnInterrupt.DROP:
            self._lives.finish(announcement, Outcome.DROPPED, {"reason": f"interrupted: {reason}", **facts})
            return
        first = event.segment if announcement.on_interrupt is OnInterrupt.RESUME else 0
        self._lives.resume_at(announcement.id, first)
        # Also takes back that its end was near: after a power cut it is to be spoken, not counted as spoken.
        self._ledger.started(announcement.id, first, durable=turn.near_end)
        self._lives.tell(announcement, INTERRUPTED, {"reason": reason, "then": announcement.on_interrupt.value})
        self._lives.leave(self._ports.queue.requeue(announcement))
