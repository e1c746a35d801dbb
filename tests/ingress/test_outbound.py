from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.ingress.outbound import Outbound, Outgoing

LIMIT = 4


def drain(outbound):
    taken = []
    while (publication := outbound.take()) is not None:
        taken.append(publication)
    return taken


def test_retained_topics_keep_the_newest_and_come_first():
    outbound = Outbound()
    outbound.put([Outgoing("event", b"1")])
    outbound.put([Outgoing("status", b"old", retain=True)])
    outbound.put([Outgoing("status", b"new", retain=True)])
    outbound.connected()
    assert [publication.payload for publication in drain(outbound)] == [b"new", b"1"]


def test_retained_topics_are_sent_on_every_connection():
    outbound = Outbound()
    outbound.put([Outgoing("status", b"x", retain=True)])
    for _ in range(2):
        outbound.connected()
        assert [publication.payload for publication in drain(outbound)] == [b"x"]
        outbound.disconnected()


def test_a_terminal_event_is_settled_by_its_last_copy():
    outbound = Outbound()
    outbound.connected()
    outbound.put([Outgoing("event", b"", durable_id="e"), Outgoing("reply", b"", durable_id="e")])
    first, second = drain(outbound)
    outbound.sent(1, first)
    outbound.sent(2, second)
    assert not outbound.settled(outbound.acknowledged(2))
    assert outbound.settled(outbound.acknowledged(1))
    assert outbound.acknowledged(1) is None
    assert outbound.idle


def test_what_was_in_flight_goes_first_next_time():
    outbound = Outbound()
    outbound.connected()
    outbound.put([Outgoing("event", b"1")])
    outbound.put([Outgoing("event", b"2")])
    outbound.sent(1, outbound.take())
    outbound.disconnected()
    outbound.connected()
    assert [publication.payload for publication in drain(outbound)] == [b"1", b"2"]


class Lives(RuleBasedStateMachine):
    """An outbox beside it offers terminal events again after every reconnect, as the core does.

    Whatever happens in between, once a broker stays every terminal event is delivered, and none is reported twice.
    """

    @initialize()
    def begin(self):
        self.outbound = Outbound(limit=LIMIT)
        self.online = False
        self.outbox = []
        self.delivered = []
        self.flying = {}
        self.packet_id = 0

    def offer(self, event_id):
        self.outbound.put([Outgoing("event", event_id.encode(), durable_id=event_id), Outgoing("reply", b"", durable_id=event_id)])

    @rule()
    def finish_announcement(self):
        event_id = f"e{len(self.outbox) + len(self.delivered)}"
        self.outbox.append(event_id)
        self.offer(event_id)

    @rule(n=st.integers(1, 6))
    def progress(self, n):
        for _ in range(n):
            self.outbound.put([Outgoing("event", b"started")])

    @precondition(lambda self: not self.online)
    @rule()
    def connect(self):
        self.online = True
        self.outbound.connected()
        for event_id in self.outbox:
            self.offer(event_id)

    @precondition(lambda self: self.online)
    @rule()
    def lose(self):
        self.online = False
        self.flying.clear()
        self.outbound.disconnected()

    @precondition(lambda self: self.online)
    @rule()
    def send(self):
        publication = self.outbound.take()
        if publication is not None:
            self.packet_id += 1
            self.flying[self.packet_id] = publication
            self.outbound.sent(self.packet_id, publication)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def acknowledge(self, data):
        packet_id = data.draw(st.sampled_from(sorted(self.flying)))
        publication = self.outbound.acknowledged(packet_id)
        assert publication is self.flying.pop(packet_id)
        self.settle(publication)

    def settle(self, publication):
        if self.outbound.settled(publication):
            self.outbox.remove(publication.durable_id)
            self.delivered.append(publication.durable_id)

    @invariant()
    def bounded(self):
        assert self.outbound.n_in_flight == len(self.flying)

    def teardown(self):
        if not hasattr(self, "outbound"):
            return
        if self.online:
            self.lose()
        self.connect()
        n_expendable = 0
        while (publication := self.outbound.take()) is not None:
            n_expendable += publication.durable_id is None
            self.outbound.sent(1, publication)
            self.settle(self.outbound.acknowledged(1))
        assert self.outbox == []
        assert len(set(self.delivered)) == len(self.delivered)
        assert n_expendable <= LIMIT
        assert self.outbound.idle


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
