"""The way in: from a message to an announcement in the journal, or to the answer that there will be none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from edge_agent.announcement import Announcement
from edge_agent.core.admission import Admitted, Refused
from edge_agent.core.held import MAX_HELD, Held
from edge_agent.core.ledger import Ledger
from edge_agent.core.lives import Lives
from edge_agent.core.ports import Ports
from edge_agent.database import DatabaseError
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress import Message, Verdict
from edge_agent.journal import Duplicate, JournalFull
from edge_agent.parse import Refusal
from edge_agent.service.stages import Stages

log = logging.getLogger(__name__)

Ack = Callable[[], None]


class Intake:
    """Acknowledges and answers each message once: when it is durable, refused, or known already.

    Args:
        held: where requests wait for a journal that cannot be used.
        make_way: told of what is about to be journaled.
        take: given what has been.
    """

    def __init__(
        self, ports: Ports, ledger: Ledger, lives: Lives, held: Held, *, make_way: Callable[[Announcement], None],
        take: Callable[[Announcement], None],
    ) -> None:
        self._ports, self._ledger, self._lives, self._held = ports, ledger, lives, held
        self._make_way, self._take = make_way, take

    def submit(self, message: Message, ack: Ack) -> None:
        """See :meth:`edge_agent.ingress.base.Inbox.submit`; a journal that cannot be used has the message wait for it."""
        stages = Stages(message.received_monotonic)
        try:
            verdict = self._ports.admission.admit(message)
        except DatabaseError as error:
            self._hold(error, message, ack, partial(self.submit, message, ack))
            return
        except Exception:  # a supervision boundary: one request must not be delivered again for ever, nor keep others out
            log.exception("request not understood source=%s", message.source)
            verdict = Refused(None, message.reply_to, {"reason": "internal error; the daemon's log has more"}, Refusal.INTERNAL)
        match verdict:
            case Duplicate():
                log.info("duplicate request source=%s outcome=%s", message.source, verdict.outcome)
                ack()
                message.answer(_known_already(verdict))
            case Refused():
                self._refuse(verdict, message, ack)
            case Admitted():
                stages.reach("normalised")
                # Before it is journaled: a slow disk must not be heard. If it cannot be, what was interrupted goes on by its own policy.
                self._make_way(verdict.announcement)
                self._accept(verdict.announcement, stages, message, ack)

    def _accept(self, announcement: Announcement, stages: Stages, message: Message, ack: Ack) -> None:
        try:
            kept = self._ledger.accept(announcement)
        except (JournalFull, DatabaseError) as error:
            again = partial(self._accept, announcement, stages, message, ack)
            self._hold(error, message, ack, again, announcement)
            return
        if isinstance(kept, Duplicate):
            ack()
            message.answer(_known_already(kept))
            return
        stages.reach("journaled")
        ack()
        facts = {"queue_length": len(self._ports.queue)}
        message.answer(Verdict("accepted", announcement.id, facts))
        self._lives.accept(announcement, stages, facts)
        self._take(announcement)

    def _hold(
        self, error: EdgeAgentError, message: Message, ack: Ack, again: Callable[[], None], announcement: Announcement | None = None
    ) -> None:
        if self._held.keep(error, message, again):
            return
        detail = {"reason": f"the journal takes nothing now, and {MAX_HELD} requests wait for it already: {error}"}
        id, reply_to = (announcement.id, announcement.reply_to) if announcement else (None, message.reply_to)
        self._refuse(Refused(id, reply_to, detail, Refusal.BUSY), message, ack)

    def _refuse(self, refused: Refused, message: Message, ack: Ack) -> None:
        self._lives.refuse(refused, message)
        ack()
        message.answer(Verdict("rejected", refused.id, refused.detail))


def _known_already(duplicate: Duplicate) -> Verdict:
    return Verdict("duplicate", duplicate.id, {"outcome": duplicate.outcome and duplicate.outcome.value})
