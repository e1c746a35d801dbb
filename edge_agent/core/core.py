"""Accept, order, speak, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_agent.announcement import Announcement, OnInterrupt, Outcome
from edge_agent.core.floor import Floor
from edge_agent.core.held import Held
from edge_agent.core.intake import Intake
from edge_agent.core.ledger import Ledger
from edge_agent.core.lives import Lives
from edge_agent.core.ports import Ports
from edge_agent.ingress import Command, Message, Route
from edge_agent.journal import Pending, State
from edge_agent.parse import Refusal
from edge_agent.playback.events import PlayerEvent, Started

LONGEST_SLEEP_S = 1.0
"""Times of announcements are the wall clock's, which is set while timers run: a device without a battery starts in the past."""
MAX_CUTS = 3
"""An announcement during which the daemon ended this often is given up: it may be what ends it."""


class Core:
    """Owns the life of every announcement. All methods but those of :class:`Inbox` belong to the event loop's thread.

    Args:
        on_command: carries out commands that concern more than announcements (see :mod:`edge_agent.core.commands`).
    """

    def __init__(self, ports: Ports, loop: asyncio.AbstractEventLoop, on_command: Callable[[Command, Route], None]) -> None:
        self._ports, self._loop, self._on_command = ports, loop, on_command
        self._ledger = Ledger(ports.journal, ports.health, loop)
        self._lives = Lives(ports, self._ledger)
        self._floor = Floor(ports, self._ledger, self._lives, self.dispatch)
        self._held = Held(ports.health, loop)
        self._intake = Intake(ports, self._ledger, self._lives, self._held, make_way=self._floor.make_way, take=self._take)
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    # ---- Inbox: called from the ingresses' threads

    def submit(self, message: Message, ack: Callable[[], None]) -> None:
        self._soon(self._intake.submit, message, ack)

    def command(self, command: Command, reply: Route) -> None:
        self._soon(self._on_command, command, reply)

    def refused(self, kind: Refusal) -> None:
        self._ports.metrics.request_refused(kind.value)

    def sent(self, event_id: str) -> None:
        self._soon(self._ledger.sent, event_id)

    def link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self._soon(self._link_changed, ingress, connected, problem)

    # ---- the audio thread

    def player_event(self, event: PlayerEvent) -> None:
        """Take an event of the player, on its thread."""
        if isinstance(event, Started):
            self._lives.sounded(event.id)  # now, not when the loop gets to it
        self._soon(self._floor.heard, event)

    # ---- start and stop

    def recover(self) -> None:
        """Take up what an earlier run left unfinished."""
        for pending in self._ports.journal.pending():
            self._recover(pending)
        self.dispatch()

    def stop(self) -> None:
        """Take nothing in and speak nothing more; what is not finished stays in the journal for the next run."""
        self._stopping = True
        self._ledger.stop()
        self._held.stop()
        if self._timer is not None:
            self._timer.cancel()

    def _recover(self, pending: Pending) -> None:
        announcement, cut_short = pending.announcement, pending.state is State.STARTED
        if pending.state is State.ENDING:
            self._lives.finish(announcement, Outcome.PLAYED, {"recovered": True})
        elif pending.cuts >= MAX_CUTS:
            self._lives.finish(announcement, Outcome.FAILED, {"reason": f"the daemon ended {pending.cuts} times while speaking it"})
        elif cut_short and announcement.on_interrupt is OnInterrupt.DROP:
            self._lives.finish(announcement, Outcome.DROPPED, {"reason": "interrupted by a restart of the daemon"})
        else:
            if cut_short and announcement.on_interrupt is OnInterrupt.RESUME:
                self._lives.resume_at(announcement.id, pending.segment)
            self._enqueue(announcement)

    def _soon(self, action: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(self._unless_stopping, action, *arguments)

    def _unless_stopping(self, action: Callable[..., None], *arguments: object) -> None:
        # What other threads still report while they are being stopped finds the journal closed.
        if not self._stopping:
            action(*arguments)

    # ---- what commands need

    def stop_current(self, reason: str) -> str | None:
        """End what is being spoken; its id."""
        self._floor.cut(Outcome.CANCELLED, reason)
        return self.speaking

    def cancel(self, *, id: str | None = None, key: str | None = None) -> list[str]:
        """Cancel waiting announcements, and the one being spoken, by id or key; the ids that matched."""
        ids = []
        current = self._floor.speaker
        if current is not None and ((id is not None and current.id == id) or (key is not None and current.key == key)):
            self._floor.cut(Outcome.CANCELLED, "cancelled by command")
            ids.append(current.id)
        left = self._ports.queue.cancel(id=id, key=key)
        self._lives.leave(left)
        return ids + [one.announcement.id for one in left]

    def clear(self) -> int:
        """Cancel everything that waits; how many that were."""
        left = self._ports.queue.clear()
        self._lives.leave(left)
        return len(left)

    @property
    def speaking(self) -> str | None:
        """The id of the announcement whose turn it is."""
        return speaker.id if (speaker := self._floor.speaker) else None

    def whereabouts(self, id: str) -> str:
        """``waiting``, ``speaking`` (it sounds), the outcome of an announcement that has ended, or ``unknown``.

        Raises:
            DatabaseError: the journal cannot be read.
        """
        if self._floor.sounding and id == self.speaking:
            return "speaking"
        known = self._ports.journal.known(id)
        if known is None:
            return "unknown"
        return "waiting" if known.outcome is None else known.outcome.value

    # ---- whose turn it is

    def dispatch(self) -> None:
        """Begin the next announcement if nothing is being spoken, and set the timer for what is due later."""
        if self._stopping:
            return
        now, current = self._ports.clock.now(), self._floor.speaker
        if current is None:
            self._begin_next(now)
        else:
            self._lives.leave(self._ports.queue.expire(now))
            if not self._floor.sounding and current.expires_at <= now:
                self._floor.cut(Outcome.EXPIRED, "its time was over before the device or the voice was ready")
            elif self._ports.queue.preempts(now, current.priority):
                self._floor.interrupt("a scheduled announcement of higher priority is due")
        self._set_timer(now)

    def _begin_next(self, now: float) -> None:
        while True:
            popped = self._ports.queue.pop(now)
            self._lives.leave(popped.left)
            if popped.announcement is None or self._floor.take(popped.announcement, now):
                return

    def _take(self, announcement: Announcement) -> None:
        self._enqueue(announcement)
        self.dispatch()

    def _enqueue(self, announcement: Announcement) -> None:
        current = self._floor.speaker
        effects = self._ports.queue.push(announcement, self._ports.clock.now(), playing=current.priority if current else None)
        self._lives.leave(effects.left)
        if effects.preempt:
            self._floor.make_way(announcement)

    def _link_changed(self, ingress: str, connected: bool, problem: str | None) -> None:
        self._ports.health.note(ingress, None if connected and not problem else problem or "not connected")
        if connected:
            self._ports.metrics.reconnected(ingress)
            self._lives.tell_again()

    def _set_timer(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        times = (self._ports.queue.due(now), self._floor.lapses_at)
        due = min((time for time in times if time is not None), default=None)
        if due is not None:
            self._timer = self._loop.call_later(min(max(0.0, due - now), LONGEST_SLEEP_S) + 0.001, self.dispatch)
