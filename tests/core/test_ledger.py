"""A journal on a disk that is full or failing: what waits, what is owed, and how both are made up for."""

from __future__ import annotations

from edge_agent.announcement import Outcome
from edge_agent.database import DatabaseFull
from edge_agent.ingress import Clear, Verdict
from edge_agent.journal import JournalFull
from tests.core.world import World

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


class Disk:
    """Makes writing methods of the journal fail while ``full``."""

    def __init__(self, world: World, *methods: str) -> None:
        self.full = True
        for name in methods:
            setattr(world.journal, name, self._failing(world, getattr(world.journal, name)))

    def _failing(self, world: World, method):
        def call(*arguments, **options):
            if self.full:
                raise DatabaseFull(world.folder / "journal.db", "database or disk is full")
            return method(*arguments, **options)

        return call


def test_a_full_journal_holds_requests_unacknowledged_until_there_is_room(world: World, monkeypatch) -> None:
    disk = Disk(world, "accept")
    accept = world.journal.accept
    monkeypatch.setattr(world.journal, "accept", lambda a, *e: _full(a.id) if disk.full else accept(a, *e))
    number = world.say(ONE, id="a")
    world.run(5)
    assert world.acked == []
    assert world.kinds("a") == []
    assert world.health.state()[0] == "degraded"
    assert "no announcement is accepted" in world.health.state()[1][0]
    disk.full = False
    world.run(5)
    assert world.acked == [number]
    assert world.end("a").kind == "played"
    assert world.health.state()[0] == "online"


def _full(id: str):
    raise JournalFull(id, "no room")


def test_a_held_request_that_is_delivered_again_is_spoken_once(world: World) -> None:
    disk = Disk(world, "accept")
    world.say(ONE, id="a")
    world.say(ONE, id="a", redelivered=True)
    world.run(1)
    disk.full = False
    world.run(5)
    assert len(world.acked) == 2
    assert world.kinds("a") == ["accepted", "started", "played"]


def test_a_held_request_that_outlives_its_time_expires_and_is_answered(world: World) -> None:
    disk = Disk(world, "accept")
    number = world.say(ONE, id="a", ttl_s=1)
    world.run(3)
    disk.full = False
    world.run(3)
    assert world.end("a").kind == "expired"
    assert world.acked == [number]
    assert world.spans(ONE) == []


def test_requests_that_nobody_delivers_again_are_bounded_and_the_others_refused(world: World) -> None:
    disk = Disk(world, "accept")
    verdicts: list[Verdict] = []
    for number in range(70):
        world.say(ONE, id=f"n{number}", qos=0, answer=verdicts.append)
    last = world.say(ONE, id="till", packet_id=1)
    world.run(1)
    assert [(verdict.id, verdict.status) for verdict in verdicts] == [(f"n{number}", "rejected") for number in range(64, 70)]
    assert "64 requests wait for it already" in world.end("n64").detail["reason"]
    disk.full = False
    world.run(3)
    assert len(verdicts) == 70, "each is answered, or a client's window would stay full for good"
    assert last in world.acked, "what the broker waits for is always kept, or it would send nothing more"


def test_what_is_delivered_again_and_again_while_the_disk_is_full_takes_one_place(world: World) -> None:
    disk = Disk(world, "accept")
    world.say(ONE, packet_id=7)
    for _ in range(200):
        last = world.say(ONE, packet_id=7, redelivered=True)
    world.run(1)
    disk.full = False
    world.run(5)
    assert world.acked == [last], "on the connection there is"
    assert [event.kind for event in world.events] == ["accepted", "started", "played"]


def test_a_packet_id_that_another_session_uses_again_is_another_request(world: World) -> None:
    disk = Disk(world, "accept")
    world.say(ONE, id="a", packet_id=7)
    world.say(ONE, id="a", packet_id=7)
    world.run(1)
    disk.full = False
    world.run(5)
    assert len(world.acked) == 2


def test_the_state_is_told_once_however_long_the_disk_is_full(world: World, monkeypatch) -> None:
    told: list[list[str]] = []
    world.health._on_change = lambda: told.append(world.health.state()[1])
    monkeypatch.setattr(world.journal, "_reserve_bytes", 1 << 60)
    for number in range(8):
        world.say(ONE, id=f"n{number}")
    world.run(60)
    assert len(told) == 1, told


def test_many_ends_are_one_write(world: World, monkeypatch) -> None:
    for number in range(50):
        world.say(ONE, id=f"n{number}")
    world.run(0.1)
    writes: list[int] = []
    finish_all = world.journal.finish_all
    monkeypatch.setattr(world.journal, "finish_all", lambda ends: writes.append(len(ends)) or finish_all(ends))
    world.command(Clear())
    world.run(0.1)
    assert writes == [49], "each is a sync of the disk, and nothing else happens meanwhile"
    assert [world.end(f"n{number}").kind for number in range(1, 50)] == ["cancelled"] * 49


def test_an_emergency_silences_what_is_spoken_before_the_disk_has_it(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: "started" in world.kinds("a"))
    world.run(0.3)
    disk = Disk(world, "accept")
    world.say(TWO, id="b", priority="emergency")
    world.run(0.12)
    assert world.kinds("a")[:3] == ["accepted", "started", "interrupted"]
    assert world.kinds("b") == []
    disk.full = False
    world.run(6)
    assert world.kinds("a").count("played") == world.kinds("b").count("played") == 1


def test_a_disk_that_fails_meanwhile_costs_neither_speech_nor_events_and_is_made_up_for(world: World) -> None:
    disk = Disk(world, "started", "ending", "finish_all", "sent")
    world.say(ONE, id="a")
    world.say(TWO, id="b")
    world.run(5)
    assert [world.end(each).kind for each in "ab"] == ["played", "played"]
    assert "cannot be written" in world.health.state()[1][0]
    assert world.journal.known("a").outcome is None
    disk.full = False
    world.run(5)
    assert world.journal.known("a").outcome is Outcome.PLAYED
    assert world.journal.known("b").outcome is Outcome.PLAYED
    assert world.health.state()[0] == "online"


def test_a_refusal_is_answered_even_if_it_cannot_be_kept(world: World) -> None:
    Disk(world, "post")
    number = world.say(id="a")
    world.run(1)
    assert world.end("a").kind == "rejected"
    assert world.acked == [number]
