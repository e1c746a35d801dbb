"""What waits to be published, and what the broker has yet to acknowledge. Pure: no I/O, no threads."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One MQTT publication.

    ``durable_id`` is the id of a terminal event: the core has a copy of it on disk and will offer it again after every
    reconnect, so it need not be kept here without a connection. A retained publication replaces the one before on its topic.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    correlation: bytes | None = None
    durable_id: str | None = None


class Outbound:
    """Retained topics first, then everything else in the order given."""

    def __init__(self, *, limit: int = 256) -> None:
        """``limit`` bounds the events that nobody else keeps; beyond it the oldest is given up and counted."""
        self._limit = limit
        self._retained: dict[str, Outgoing] = {}
        self._stale: dict[str, None] = {}
        self._queue: deque[Outgoing] = deque()
        self._n_expendable = 0
        self._in_flight: dict[int, Outgoing] = {}
        self._copies: Counter[str] = Counter()
        self._connected = False
        self.n_dropped = 0

    @property
    def idle(self) -> bool:
        return not (self._stale or self._queue or self._in_flight)

    @property
    def n_in_flight(self) -> int:
        return len(self._in_flight)

    def put(self, publications: Iterable[Outgoing]) -> None:
        """Add the publications of one event (or status). A terminal event that is already on its way is not added twice."""
        publications = tuple(publications)
        durable = {publication.durable_id for publication in publications} - {None}
        if durable and (not self._connected or any(event_id in self._copies for event_id in durable)):
            return
        for publication in publications:
            if publication.retain:
                self._retained[publication.topic] = publication
                self._stale[publication.topic] = None
                continue
            self._queue.append(publication)
            if publication.durable_id is None:
                self._n_expendable += 1
            else:
                self._copies[publication.durable_id] += 1
        self._trim()

    def take(self) -> Outgoing | None:
        """The next publication to send, or None; follow with :meth:`sent`."""
        if self._stale:
            topic = next(iter(self._stale))
            del self._stale[topic]
            return self._retained[topic]
        if not self._queue:
            return None
        publication = self._queue.popleft()
        self._n_expendable -= publication.durable_id is None
        return publication

    def sent(self, packet_id: int, publication: Outgoing) -> None:
        self._in_flight[packet_id] = publication

    def acknowledged(self, packet_id: int) -> Outgoing | None:
        """The publication that ``packet_id`` stood for; None for one that is not ours."""
        return self._in_flight.pop(packet_id, None)

    def settled(self, publication: Outgoing) -> bool:
        """Count one copy of a terminal event as delivered; True when it was the last copy."""
        if publication.durable_id is None or publication.durable_id not in self._copies:
            return False
        self._copies[publication.durable_id] -= 1
        if self._copies[publication.durable_id]:
            return False
        del self._copies[publication.durable_id]
        return True

    def connected(self) -> None:
        """Retained topics are sent again: the broker may have announced us offline, or have forgotten everything."""
        self._connected = True
        self._stale = dict.fromkeys(self._retained)

    def disconnected(self) -> None:
        """What was in flight goes back to the front of the queue, unless the core's outbox has it."""
        self._connected = False
        unsettled = [*self._in_flight.values(), *self._queue]
        self._queue = deque(item for item in unsettled if item.durable_id is None and not item.retain)
        self._n_expendable = len(self._queue)
        self._in_flight.clear()
        self._copies.clear()
        self._trim()

    def _trim(self) -> None:
        while self._n_expendable > self._limit:
            oldest = next(i for i, publication in enumerate(self._queue) if publication.durable_id is None)
            del self._queue[oldest]
            self._n_expendable -= 1
            self.n_dropped += 1
