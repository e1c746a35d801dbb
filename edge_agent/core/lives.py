"""The lives of announcements: what is kept of one until it ends, and what everybody is told of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from edge_agent.announcement import Announcement, Outcome
from edge_agent.core.admission import Refused
from edge_agent.core.ledger import Ledger
from edge_agent.core.ports import Ports
from edge_agent.events import ACCEPTED, Event
from edge_agent.ingress import Message
from edge_agent.journal.store import MAX_OUTBOX
from edge_agent.queue import Left
from edge_agent.service.stages import Stages

log = logging.getLogger(__name__)


class Lives:
    """Follows every announcement to its one end, which is journaled, counted and told."""

    def __init__(self, ports: Ports, ledger: Ledger) -> None:
        self._ports, self._ledger = ports, ledger
        self._stages: dict[str, Stages] = {}
        self._resume_at: dict[str, int] = {}

    def accept(self, announcement: Announcement, stages: Stages, facts: dict[str, object]) -> None:
        """A new one is on the disk."""
        self._stages[announcement.id] = stages
        self.tell(announcement, ACCEPTED, facts)

    def stages(self, id: str) -> Stages:
        """Its stopwatch; one that an earlier run accepted is timed from the first time this is asked."""
        return self._stages.setdefault(id, Stages())

    def sounded(self, id: str) -> None:
        """Note that its first frame is played, now. From any thread."""
        if (stages := self._stages.get(id)) is not None:
            stages.reach("first_frame")

    def resume_at(self, id: str, segment: int) -> None:
        """Have its next turn begin with a segment."""
        self._resume_at[id] = segment

    def first_segment(self, id: str) -> int:
        """Where its next turn begins."""
        return self._resume_at.get(id, 0)

    def tell(self, announcement: Announcement, kind: str, detail: dict[str, object]) -> None:
        """Tell of a step on its way."""
        self._send(self._event(announcement, kind, detail))

    def finish(self, announcement: Announcement, outcome: Outcome, detail: dict[str, object]) -> None:
        """End it; a second end is not told."""
        self._finish_all([(announcement, outcome, detail)])

    def leave(self, left: Sequence[Left]) -> None:
        """End those that left the queue unspoken: with one write to the disk, since it may be all that waited."""
        if left:
            self._finish_all([(one.announcement, one.outcome, {"reason": one.reason}) for one in left])

    def refuse(self, refused: Refused, message: Message) -> None:
        """Tell of a request that never became an announcement."""
        event = Event(
            Outcome.REJECTED.value, refused.id or "", self._ports.clock.now(), message.source, reply_to=refused.reply_to,
            correlation=message.correlation, detail=refused.detail,
        )
        log.warning("rejected id=%s source=%s field=%s", refused.id, message.source, refused.detail.get("field"))
        self._ledger.post(event)
        self._ports.metrics.finished(Outcome.REJECTED, None)
        self._ports.metrics.request_refused(refused.kind.value)
        self._send(event)

    def tell_again(self) -> None:
        """Tell of the ends that nobody has acknowledged; to a peer that is back."""
        for event in self._ports.journal.outbox(MAX_OUTBOX):
            self._send(event)

    def _finish_all(self, ends: Sequence[tuple[Announcement, Outcome, dict[str, object]]]) -> None:
        events = [self._event(announcement, outcome.value, detail | self._times(announcement.id)) for announcement, outcome, detail in ends]
        written = [(announcement.id, outcome, event) for (announcement, outcome, _), event in zip(ends, events, strict=True)]
        for (announcement, outcome, _), event, is_new in zip(ends, events, self._ledger.finish_all(written), strict=True):
            if is_new:
                self._ports.metrics.finished(outcome, announcement.priority, event.detail["stages"])
                log.info("finished id=%s outcome=%s", announcement.id, outcome.value)
                self._send(event)

    def _times(self, id: str) -> dict[str, object]:
        """How long each of its steps took; the last thing to be asked of an announcement."""
        self._resume_at.pop(id, None)
        stages = self._stages.pop(id, None)
        return {"stages": stages.seconds() if stages else {}}

    def _event(self, announcement: Announcement, kind: str, detail: dict[str, object]) -> Event:
        return Event(
            kind, announcement.id, self._ports.clock.now(), announcement.source, reply_to=announcement.reply_to,
            correlation=announcement.correlation, detail=detail,
        )

    def _send(self, event: Event) -> None:
        for ingress in self._ports.ingresses:
            ingress.publish(event)
