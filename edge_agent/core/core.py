"""Accept, order, speak, answer."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge_agent.announcement import Announcement, OnInterrupt, Outcome
from edge_agent.clock import Clock
from edge_agent.core.admission import Admission, Admitted, Refused
from edge_agent.core.ledger import Ledger
from edge_agent.database import DatabaseError
from edge_agent.errors import EdgeAgentError
from edge_agent.events import ACCEPTED, INTERRUPTED, STARTED, Event
from edge_agent.ingress import Command, Ingress, Message, Route, Verdict
from edge_agent.journal import Duplicate, Journal, JournalFull, State
from edge_agent.journal.store import MAX_OUTBOX
from edge_agent.parse import Rejected
from edge_agent.playback.events import Cut, DeviceBack, DeviceLost, Drained, Failed, NearEnd, PlayerEvent, Reached, Started, Underrun
from edge_agent.playback.player import Player
from edge_agent.playback.utterance import Utterance
from edge_agent.policy import Policy
from edge_agent.queue import Left, SpeechQueue, interrupts
from edge_agent.service.health import Health
from edge_agent.service.metrics import Metrics
from edge_agent.service.stages import Stages
from edge_agent.worker import Job, SynthesisWorker

log = logging.getLogger(__name__)

MAX_CUTS = 3
"""An announcement during which the daemon ended this often is given up: it may be what ends it."""
RETRY_S = 2.0
"""How often a journal that could not be written is tried again."""
MAX_HELD = 64
"""Requests kept unacknowledged for a journal without room. The broker has at most its receive maximum with us; beyond this
number are only those that nobody would deliver again."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the core drives."""

    journal: Journal
    queue: SpeechQueue
    policy: Policy
    admission: Admission
    worker: SynthesisWorker
    player: Player
    metrics: Metrics
    health: Health
    clock: Clock
    ingresses: list[Ingress] = field(default_factory=list)
    speaking: Callable[[bool], None] = lambda _is_speaking: None
    """Told when speech begins, and when it has ended and none follows."""


@dataclass(slots=True)
class _Spoken:
    """What is being spoken. ``ending_reason`` says why it was told to end early, ``ending`` with which outcome; without one it
    gives way and comes back as it wishes."""

    admitted: Admitted
    utterance: Utterance
    job: Job
    started: bool = False
    ending: Outcome | None = None
    ending_reason: str = ""


class Core:
    """Owns the life of every announcement. All methods but those of :class:`Inbox` belong to the event loop's thread.

    Args:
        on_command: carries out commands that concern more than announcements (see :mod:`edge_agent.core.commands`).
    """

    def __init__(self, ports: Ports, loop: asyncio.AbstractEventLoop, on_command: Callable[[Command, Route], None]) -> None:
        self._ports, self._loop, self._on_command = ports, loop, on_command
        self._ledger = Ledger(ports.journal, ports.health)
        self._held: deque[Callable[[], None]] = deque()
        self._current: _Spoken | None = None
        self._stages: dict[str, Stages] = {}
        self._resume_at: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._retry_timer: asyncio.TimerHandle | None = None
        self._stopping = False

    # ---- Inbox: called from the ingresses' threads

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._unless_stopping, self._submit, message, ack)

    def command(self, command: Command, reply: Route) -> None:
        self._loop.call_soon_threadsafe(self._unless_stopping, self._on_command, command, reply)

    def sent(self, event_id: str) -> None:
        self._loop.call_soon_threadsafe(self._unless_stopping, self._ledger.sent, event_id)

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self._loop.call_soon_threadsafe(self._unless_stopping, self._link_changed, ingress, connected, problem)

    # ---- the audio thread

    def player_event(self, event: PlayerEvent) -> None:
        """Take an event of the player, on its thread."""
        if isinstance(event, Started) and (stages := self._stages.get(event.id)) is not None:
            stages.reach("first_frame")  # now, not when the loop gets to it
        self._loop.call_soon_threadsafe(self._unless_stopping, self._heard, event)

    # ---- start and stop

    def recover(self) -> None:
        """Take up what an earlier run left unfinished."""
        for pending in self._ports.journal.pending():
            announcement = pending.announcement
            if pending.state is State.ENDING:
                self._finish(announcement, Outcome.PLAYED, {"recovered": True})
            elif pending.cuts >= MAX_CUTS:
                self._finish(announcement, Outcome.FAILED, {"reason": f"the daemon ended {pending.cuts} times while speaking it"})
            elif pending.state is State.STARTED and announcement.on_interrupt is OnInterrupt.DROP:
                self._finish(announcement, Outcome.DROPPED, {"reason": "interrupted by a restart of the daemon"})
            else:
                if pending.state is State.STARTED and announcement.on_interrupt is OnInterrupt.RESUME:
                    self._resume_at[announcement.id] = pending.segment
                self._enqueue(announcement)
        self.dispatch()

    def stop(self) -> None:
        """Take nothing in and speak nothing more; what is not finished stays in the journal for the next run."""
        self._stopping = True
        for timer in (self._timer, self._retry_timer):
            if timer is not None:
                timer.cancel()

    def _unless_stopping(self, action: Callable[..., None], *arguments: object) -> None:
        # What other threads still report while they are being stopped finds the journal closed.
        if not self._stopping:
            action(*arguments)

    # ---- what commands need

    def stop_current(self, reason: str) -> str | None:
        """End what is being spoken; its id."""
        if self._current is None:
            return None
        self._cut(Outcome.CANCELLED, reason)
        return self._current.admitted.announcement.id

    def cancel(self, *, id: str | None = None, key: str | None = None) -> list[str]:
        """Cancel waiting announcements, and the one being spoken, by id or key; the ids that matched."""
        ids = []
        current = self._current.admitted.announcement if self._current else None
        if current is not None and ((id is not None and current.id == id) or (key is not None and current.key == key)):
            self._cut(Outcome.CANCELLED, "cancelled by command")
            ids.append(current.id)
        left = self._ports.queue.cancel(id=id, key=key)
        self._leave(left)
        return ids + [one.announcement.id for one in left]

    def clear(self) -> int:
        """Cancel everything that waits; how many that were."""
        left = self._ports.queue.clear()
        self._leave(left)
        return len(left)

    @property
    def speaking(self) -> str | None:
        return self._current.admitted.announcement.id if self._current else None

    def whereabouts(self, id: str) -> str:
        """``waiting``, ``speaking`` (it sounds), the outcome of an announcement that has ended, or ``unknown``.

        Raises:
            DatabaseError: the journal cannot be read.
        """
        if self._current is not None and self._current.started and id == self.speaking:
            return "speaking"
        known = self._ports.journal.known(id)
        if known is None:
            return "unknown"
        return "waiting" if known.outcome is None else known.outcome.value

    def dispatch(self) -> None:
        """Begin the next announcement if nothing is being spoken, and set the timer for what is due later."""
        if self._stopping:
            return
        queue, now = self._ports.queue, self._ports.clock.now()
        if self._current is None:
            while True:
                popped = queue.pop(now)
                self._leave(popped.left)
                if popped.announcement is None or self._begin(popped.announcement, now):
                    break
        else:
            self._leave(queue.expire(now))
            current = self._current.admitted.announcement
            if not self._current.started and current.expires_at <= now:
                self._cut(Outcome.EXPIRED, "its time was over before the device or the voice was ready")
            elif queue.preempts(now, current.priority):
                self._preempt("a scheduled announcement of higher priority is due")
        self._set_timer(now)

    # ---- in

    def _submit(self, message: Message, ack: Callable[[], None]) -> None:
        stages = Stages(message.received_monotonic)
        try:
            verdict = self._ports.admission.admit(message)
        except DatabaseError as error:
            self._hold(error, lambda: self._submit(message, ack))
            return
        except Exception:  # a supervision boundary: one request must not be delivered again for ever, nor keep others out
            log.exception("request not understood source=%s", message.source)
            verdict = Refused(None, message.reply_to, {"reason": "internal error; the daemon's log has more"})
        if isinstance(verdict, Duplicate):
            log.info("duplicate request source=%s outcome=%s", message.source, verdict.outcome)
            ack()
            message.answer(_known_already(verdict))
        elif isinstance(verdict, Refused):
            self._refuse(verdict, message)
            ack()
            message.answer(Verdict("rejected", verdict.id, verdict.detail))
        else:
            stages.reach("normalised")
            self._make_way(verdict.announcement)
            self._accept(verdict, stages, message, ack)

    def _make_way(self, announcement: Announcement) -> None:
        """Silence what it interrupts before it is journaled: a slow disk must not be heard. If it cannot be journaled, what was
        interrupted goes on by its own policy."""
        now, current = self._ports.clock.now(), self._current
        is_due = announcement.not_before is None or announcement.not_before <= now
        if current is not None and is_due and interrupts(announcement.priority, current.admitted.announcement.priority):
            self._preempt(f"{announcement.priority.name.lower()} announcement {announcement.id}")

    def _accept(self, admitted: Admitted, stages: Stages, message: Message, ack: Callable[[], None]) -> None:
        announcement = admitted.announcement
        try:
            kept = self._ledger.accept(announcement)
        except (JournalFull, DatabaseError) as error:
            self._hold(error, lambda: self._accept(admitted, stages, message, ack))
            return
        if isinstance(kept, Duplicate):
            ack()
            message.answer(_known_already(kept))
            return
        stages.reach("journaled")
        ack()
        facts = {"queue_length": len(self._ports.queue)}
        message.answer(Verdict("accepted", announcement.id, facts))
        self._stages[announcement.id] = stages
        self._publish(announcement, ACCEPTED, facts)
        self._enqueue(announcement)
        self.dispatch()

    def _hold(self, error: EdgeAgentError, again: Callable[[], None]) -> None:
        """Keep a request that cannot be journaled, unacknowledged, until it can: it is neither lost nor promised."""
        log.error("request held held=%d error=%r", len(self._held) + 1, str(error))
        self._ports.health.degrade("journal", f"no announcement is accepted: {error}")
        if len(self._held) < MAX_HELD:
            self._held.append(again)
        self._retry_later()

    def _retry_later(self) -> None:
        if self._retry_timer is None:
            self._retry_timer = self._loop.call_later(RETRY_S, self._retry)

    def _retry(self) -> None:
        self._retry_timer = None
        self._ledger.settle()
        held, self._held = self._held, deque()
        for again in held:
            again()
        if held and not self._held:
            self._ports.health.recover("journal")
        if self._ledger.owes:
            self._retry_later()

    def _enqueue(self, announcement: Announcement) -> None:
        current = self._current.admitted.announcement if self._current else None
        effects = self._ports.queue.push(announcement, self._ports.clock.now(), playing=current.priority if current else None)
        self._leave(effects.left)
        if effects.preempt:
            self._preempt(f"{announcement.priority.name.lower()} announcement {announcement.id}")

    def _refuse(self, refused: Refused, message: Message) -> None:
        event = Event(
            Outcome.REJECTED.value, refused.id or "", self._ports.clock.now(), message.source, reply_to=refused.reply_to,
            correlation=message.correlation, detail=refused.detail,
        )
        log.warning("rejected id=%s source=%s field=%s", refused.id, message.source, refused.detail.get("field"))
        self._ledger.post(event)
        self._ports.metrics.finished(Outcome.REJECTED, None)
        self._send(event)

    def _link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self._ports.health.note(ingress, None if connected and not problem else problem or "not connected")
        if connected:
            self._ports.metrics.reconnected(ingress)
            for event in self._ports.journal.outbox(MAX_OUTBOX):
                self._send(event)

    # ---- speaking

    def _begin(self, announcement: Announcement, now: float) -> bool:
        until = self._ports.policy.quiet_until(now, announcement.priority)
        if until is not None:
            self._finish(announcement, Outcome.DROPPED, {"reason": "quiet hours began while it waited"})
            return False
        try:
            admitted = self._ports.admission.prepare(announcement)
        except Rejected as error:
            self._finish(announcement, Outcome.FAILED, error.detail())
            return False
        first = self._resume_at.pop(announcement.id, 0)
        utterance = Utterance(announcement.id, admitted.voice.sample_rate, volume=announcement.volume, first_segment=first)
        stages = self._stages.setdefault(announcement.id, Stages())
        job = Job(utterance, admitted.script, admitted.voice, announcement.speed, first, lambda: stages.reach("first_pcm"))
        self._current = _Spoken(admitted, utterance, job)
        self._ports.speaking(True)
        self._ports.worker.speak(job)
        self._ports.player.play(utterance)
        return True

    def _preempt(self, reason: str) -> None:
        if self._current is not None and not self._current.ending_reason:
            self._current.ending_reason = reason
            self._ports.player.preempt()

    def _cut(self, outcome: Outcome, reason: str) -> None:
        self._current.ending, self._current.ending_reason = outcome, reason
        self._ports.player.preempt()

    def _heard(self, event: PlayerEvent) -> None:
        if isinstance(event, DeviceLost):
            self._ports.health.degrade("audio", event.reason)
            self._ports.metrics.device_lost()
            self._ports.speaking(False)
            return
        if isinstance(event, DeviceBack):
            self._ports.health.recover("audio")
            return
        if isinstance(event, NearEnd):
            # Journaled first, acknowledged then: after this moment a crash counts the announcement as spoken.
            self._ledger.ending(event.id)
            event.acknowledge()
            return
        current = self._current
        if current is None or current.admitted.announcement.id != event.id:
            return
        announcement = current.admitted.announcement
        if isinstance(event, Started):
            current.started = True
            self._ports.speaking(True)
            self._ledger.started(announcement.id, current.job.first_segment)
            self._publish(announcement, STARTED, {"delay_s": round(event.delay_s, 4)})
        elif isinstance(event, Reached):
            if announcement.on_interrupt is OnInterrupt.RESUME and event.segment < len(current.admitted.script.items):
                self._ledger.started(announcement.id, event.segment)
        elif isinstance(event, Underrun):
            self._ports.metrics.underrun(event.cause)
        else:
            self._current = None
            current.utterance.cancel()
            self._ended(current, announcement, event)
            self.dispatch()
            if self._current is None:
                self._ports.speaking(False)

    def _ended(self, spoken: _Spoken, announcement: Announcement, event: Drained | Cut | Failed) -> None:
        job = spoken.job
        facts = {
            "voice": spoken.admitted.voice.id, "provider": job.provider,
            "cache_hit": job.segments_made == 0 and job.segments_cached > 0,
            "segments_cached": job.segments_cached, "segments_made": job.segments_made,
        }
        if isinstance(event, Failed):
            self._finish(announcement, Outcome.FAILED, {"reason": str(event.error), **facts})
            return
        facts["audio_s"] = round(event.audio_s, 3)
        self._ports.metrics.played(event.audio_s)
        if isinstance(event, Drained):
            self._stages[announcement.id].reach("drained")
            self._finish(announcement, Outcome.PLAYED, facts)
        elif spoken.ending is None and event.segment >= len(spoken.admitted.script.items):
            self._finish(announcement, Outcome.PLAYED, facts)  # only its closing silence was cut
        elif spoken.ending is not None:
            self._finish(announcement, spoken.ending, {"reason": spoken.ending_reason, **facts})
        else:
            self._interrupted(announcement, event, spoken.ending_reason or "the audio device went away", facts)

    def _interrupted(self, announcement: Announcement, event: Cut, reason: str, facts: dict[str, object]) -> None:
        if announcement.on_interrupt is OnInterrupt.DROP:
            self._finish(announcement, Outcome.DROPPED, {"reason": f"interrupted: {reason}", **facts})
            return
        first = event.segment if announcement.on_interrupt is OnInterrupt.RESUME else 0
        self._resume_at[announcement.id] = first
        # Also takes back that its end was near: after a crash it is to be spoken, not counted as spoken.
        self._ledger.started(announcement.id, first)
        self._publish(announcement, INTERRUPTED, {"reason": reason, "then": announcement.on_interrupt.value})
        self._ports.queue.requeue(announcement)

    # ---- out

    def _leave(self, left: Iterable[Left]) -> None:
        for one in left:
            self._finish(one.announcement, one.outcome, {"reason": one.reason})

    def _finish(self, announcement: Announcement, outcome: Outcome, detail: dict[str, object]) -> None:
        stages = self._stages.pop(announcement.id, None)
        seconds = stages.seconds() if stages else {}
        self._resume_at.pop(announcement.id, None)
        event = self._event(announcement, outcome.value, {**detail, "stages": seconds})
        if self._ledger.finish(announcement.id, outcome, event):
            self._ports.metrics.finished(outcome, announcement.priority, seconds)
            log.info("finished id=%s outcome=%s", announcement.id, outcome.value)
            self._send(event)
        if self._ledger.owes:
            self._retry_later()

    def _publish(self, announcement: Announcement, kind: str, detail: dict[str, object]) -> None:
        self._send(self._event(announcement, kind, detail))

    def _event(self, announcement: Announcement, kind: str, detail: dict[str, object]) -> Event:
        return Event(
            kind, announcement.id, self._ports.clock.now(), announcement.source, reply_to=announcement.reply_to,
            correlation=announcement.correlation, detail=detail,
        )

    def _send(self, event: Event) -> None:
        for ingress in self._ports.ingresses:
            ingress.publish(event)

    def _set_timer(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        times = [self._ports.queue.due(now)]
        if self._current is not None and not self._current.started and self._current.ending is None:
            times.append(self._current.admitted.announcement.expires_at)
        due = min((time for time in times if time is not None), default=None)
        if due is not None:
            self._timer = self._loop.call_later(max(0.0, due - now) + 0.001, self.dispatch)


def _known_already(duplicate: Duplicate) -> Verdict:
    return Verdict("duplicate", duplicate.id, {"outcome": duplicate.outcome and duplicate.outcome.value})
