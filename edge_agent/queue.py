"""What is spoken next: priorities, supersession, schedules and lifetimes, as a pure data structure.

===========  ==========================================================================================================
emergency    spoken before everything, in order of arrival; interrupts anything that is not an emergency itself
important    interrupts ``normal`` and below
normal       waits its turn
info         refused if anything is waiting or playing, and dropped as soon as something more important is
progress     only the newest of a key survives (of a source, where it has no key)
===========  ==========================================================================================================

Whatever leaves the queue without being spoken comes back from the call that removed it, as :class:`Left`, so that every
announcement is answered. Times are seconds since the Unix epoch and come from the caller. Not thread-safe.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.announcement import Announcement, Outcome, Priority

MAX_WAITING = 200


@dataclass(frozen=True, slots=True)
class Left:
    """An announcement that left the queue unspoken, and why, in words for whoever asked for it."""

    announcement: Announcement
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a push did: who left, whether the newcomer stayed, and whether to interrupt what is playing."""

    left: tuple[Left, ...]
    queued: bool
    preempt: bool


@dataclass(frozen=True, slots=True)
class Popped:
    """What to speak now, if anything, and who left."""

    announcement: Announcement | None
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    announcement: Announcement
    place: int

    @property
    def order(self) -> tuple[int, int]:
        return -self.announcement.priority, self.place


def interrupts(newcomer: Priority, playing: Priority) -> bool:
    """Whether one priority pre-empts another."""
    return newcomer >= Priority.IMPORTANT and playing < newcomer


class SpeechQueue:
    """Waiting announcements, at most ``max_waiting`` of them (and those that were interrupted and returned).

    When it is full, each newcomer costs one announcement: the newest of the lowest priority, which may be itself.
    """

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        if max_waiting < 1:
            raise ValueError(f"max_waiting is {max_waiting}, at least 1 is needed")
        self._max_waiting = max_waiting
        self._waiting: dict[str, _Waiting] = {}
        self._last_place = 0
        self._first_place = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, id: str) -> bool:
        return id in self._waiting

    def waiting(self) -> tuple[Announcement, ...]:
        """All that wait, in the order they would be spoken if all were due."""
        return tuple(
            waiting.announcement for waiting in sorted(self._waiting.values(), key=lambda waiting: waiting.order)
        )

    def push(self, announcement: Announcement, now: float, *, playing: Priority | None = None) -> Effects:
        """Add a newcomer; ``playing`` is the priority of what is being spoken, None in silence.

        Raises:
            ValueError: the id is waiting already (the journal recognises duplicates before they come here).
        """
        self._require_new(announcement)
        left = list(self.expire(now))
        if announcement.expires_at <= now:
            return Effects((*left, _expired(announcement)), queued=False, preempt=False)
        stale = self._stale(announcement)
        for waiting in stale:
            del self._waiting[waiting.announcement.id]
            left.append(_superseded(waiting.announcement, announcement))
        self._waiting[announcement.id] = _Waiting(announcement, self._place(announcement, stale))
        left += self._settle_info(announcement, now, playing)
        left += self._make_room()
        queued = announcement.id in self._waiting
        preempt = (
            queued and playing is not None and _is_due(announcement, now) and interrupts(announcement.priority, playing)
        )
        return Effects(tuple(left), queued, preempt)

    def requeue(self, announcement: Announcement) -> tuple[Left, ...]:
        """Put an interrupted announcement back, in front of its priority; unless what came while it was spoken has made it stale.

        Raises:
            ValueError: the id is waiting already.
        """
        self._require_new(announcement)
        for waiting in self._announcements():
            if waiting.received_at >= announcement.received_at and _replaces(waiting, announcement):
                return (_superseded(announcement, waiting),)
        self._first_place -= 1
        self._waiting[announcement.id] = _Waiting(announcement, self._first_place)
        return ()

    def pop(self, now: float) -> Popped:
        """Take what is to be spoken now. An ``info`` that came due beside it leaves unspoken."""
        left = list(self.expire(now))
        due = [waiting for waiting in self._waiting.values() if _is_due(waiting.announcement, now)]
        if not due:
            return Popped(None, tuple(left))
        chosen = min(due, key=lambda waiting: waiting.order).announcement
        del self._waiting[chosen.id]
        left += self._drop_info(now, f"{chosen.id} was spoken instead")
        return Popped(chosen, tuple(left))

    def preempts(self, now: float, playing: Priority) -> bool:
        """Whether something that is due (a scheduled announcement, say) must interrupt what is playing."""
        return any(
            _is_due(waiting.announcement, now) and interrupts(waiting.announcement.priority, playing)
            for waiting in self._waiting.values()
        )

    def expire(self, now: float) -> tuple[Left, ...]:
        """Remove what has outlived its time."""
        gone = [each for each in self._announcements() if each.expires_at <= now]
        for each in gone:
            del self._waiting[each.id]
        return tuple(map(_expired, gone))

    def cancel(self, *, id: str | None = None, key: str | None = None) -> tuple[Left, ...]:
        """Remove by id, by key, or (given both) what has either."""
        gone = [each for each in self._announcements() if each.id == id or (key is not None and each.key == key)]
        return self._remove(gone, Outcome.CANCELLED, "cancelled by request")

    def clear(self) -> tuple[Left, ...]:
        """Remove everything."""
        return self._remove(self._announcements(), Outcome.CANCELLED, "the queue was cleared by request")

    def due(self, now: float) -> float | None:
        """When the queue changes by itself next: something comes due or expires. None if never.

        May be in the past, when something has expired already; what is due and waits for its turn is no change.
        """
        waiting = self._announcements()
        times = [each.expires_at for each in waiting]
        times += [each.not_before for each in waiting if each.not_before is not None and each.not_before > now]
        return min(times, default=None)

    def _announcements(self) -> list[Announcement]:
        return [waiting.announcement for waiting in self._waiting.values()]

    def _require_new(self, announcement: Announcement) -> None:
        if announcement.id in self._waiting:
            raise ValueError(f"announcement {announcement.id} is waiting already")

    def _stale(self, newcomer: Announcement) -> list[_Waiting]:
        return [waiting for waiting in self._waiting.values() if _replaces(newcomer, waiting.announcement)]

    def _place(self, newcomer: Announcement, stale: list[_Waiting]) -> int:
        """The end of the line, or the place of what it replaces: a key that changes often must not starve."""
        self._last_place += 1
        inherited = [waiting.place for waiting in stale if waiting.announcement.priority == newcomer.priority]
        return min(inherited, default=self._last_place)

    def _settle_info(self, newcomer: Announcement, now: float, playing: Priority | None) -> tuple[Left, ...]:
        if newcomer.priority < Priority.INFO or not _is_due(newcomer, now):
            return ()
        if newcomer.priority > Priority.INFO:
            return self._drop_info(now, f"{newcomer.id} came, which is more important")
        others = [each for each in self._announcements() if each.id != newcomer.id and _is_due(each, now)]
        if playing is None and not others:
            return ()
        return self._remove([newcomer], Outcome.DROPPED, "other announcements are waiting or playing")

    def _drop_info(self, now: float, reason: str) -> tuple[Left, ...]:
        gone = [each for each in self._announcements() if each.priority == Priority.INFO and _is_due(each, now)]
        return self._remove(gone, Outcome.DROPPED, reason)

    def _make_room(self) -> tuple[Left, ...]:
        if len(self._waiting) <= self._max_waiting:
            return ()
        victim = max(self._waiting.values(), key=lambda waiting: waiting.order).announcement
        return self._remove(
            [victim], Outcome.DROPPED, f"too many announcements are waiting (at most {self._max_waiting})"
        )

    def _remove(self, gone: list[Announcement], outcome: Outcome, reason: str) -> tuple[Left, ...]:
        for each in gone:
            del self._waiting[each.id]
        return tuple(Left(each, outcome, reason) for each in gone)


def _is_due(announcement: Announcement, now: float) -> bool:
    return announcement.not_before is None or announcement.not_before <= now


def _expired(gone: Announcement) -> Left:
    lifetime_s = gone.expires_at - gone.received_at
    return Left(gone, Outcome.EXPIRED, f"not spoken within {lifetime_s:g} s of its arrival")


def _superseded(gone: Announcement, newer: Announcement) -> Left:
    return Left(gone, Outcome.SUPERSEDED, f"superseded by {newer.id}")


def _replaces(newcomer: Announcement, older: Announcement) -> bool:
    if newcomer.priority < older.priority == Priority.EMERGENCY:
        return False  # only an emergency may silence an emergency
    if newcomer.key is not None:
        return newcomer.key == older.key
    # Progress without a key is about whatever its source is doing; only other such progress is made stale by it.
    return (
        newcomer.priority == older.priority == Priority.PROGRESS
        and older.key is None
        and newcomer.source == older.source
    )
