import dataclasses
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from edge_agent.announcement import Announcement, OnInterrupt, Outcome, Priority
from edge_agent.database import DatabaseError
from edge_agent.errors import EdgeAgentError
from edge_agent.events import ACCEPTED, Event
from edge_agent.journal import Accepted, Counts, Duplicate, Journal, JournalFull, Pending, State
from tests.doubles.stopped_clock import StoppedClock

NOW = 1_700_000_000.0


@pytest.fixture
def clock():
    return StoppedClock(NOW)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path, clock):
    journal = Journal(path, clock=clock)
    yield journal
    journal.close()


def announcement(id="a", **changes):
    return Announcement(id=id, text="请稍候", source="mqtt", received_at=NOW, expires_at=NOW + 300, **changes)


def event(kind, id="a", **changes):
    return Event(kind, id, NOW, "mqtt", **changes)


def reopened(journal, path, clock):
    journal.close()
    return Journal(path, clock=clock)


def test_an_announcement_comes_back_as_it_was(journal, path, clock):
    everything = announcement(
        lang="zh",
        voice="lin",
        priority=Priority.EMERGENCY,
        key="k",
        on_interrupt=OnInterrupt.RESUME,
        chime="alarm",
        repeat=3,
        gap_s=0.25,
        volume=0.5,
        speed=2.0,
        not_before=NOW + 0.125,
        reply_to="kiosk/1",
        correlation=b"\x00\xff",
    )
    left_at_default = [
        field.name
        for field in dataclasses.fields(Announcement)
        if field.default is not dataclasses.MISSING and getattr(everything, field.name) == field.default
    ]
    assert left_at_default == []
    assert journal.accept(everything) == Accepted()
    assert journal.accept(announcement("b")) == Accepted()
    journal = reopened(journal, path, clock)
    assert journal.pending() == [
        Pending(everything, State.ACCEPTED, 0, 0),
        Pending(announcement("b"), State.ACCEPTED, 0, 0),
    ]


def test_an_event_comes_back_as_it_was(journal, path, clock):
    played = event("played", reply_to="kiosk/1", correlation=b"\x80", detail={"audio_s": 2.5, "stages": {"drained": 1}})
    journal.accept(announcement(), event(ACCEPTED))
    journal.finish("a", Outcome.PLAYED, played)
    journal = reopened(journal, path, clock)
    assert [each.kind for each in journal.outbox()] == [ACCEPTED, "played"]
    assert journal.outbox()[1] == played
    for each in journal.outbox():
        journal.sent(each.event_id)
    assert reopened(journal, path, clock).outbox() == []


def test_the_same_id_is_one_announcement_whatever_it_says(journal, path, clock):
    assert journal.known("a") is None
    journal.accept(announcement(), event(ACCEPTED))
    other = dataclasses.replace(announcement(), text="something else")
    assert journal.accept(other, event(ACCEPTED)) == journal.known("a") == Duplicate(None)
    assert len(journal.outbox()) == 1
    assert journal.pending()[0].announcement.text == "请稍候"
    journal.finish("a", Outcome.EXPIRED)
    assert journal.accept(other) == Duplicate(Outcome.EXPIRED)
    assert reopened(journal, path, clock).accept(other) == Duplicate(Outcome.EXPIRED)


def test_an_announcement_ends_once(journal):
    journal.accept(announcement())
    assert journal.finish("a", Outcome.PLAYED, event("played")) is True
    assert journal.finish("a", Outcome.CANCELLED, event("cancelled")) is False
    assert journal.finish("never seen", Outcome.PLAYED, event("played", "never seen")) is False
    assert [each.kind for each in journal.outbox()] == ["played"]
    assert journal.known("a") == Duplicate(Outcome.PLAYED)


def test_many_end_together(journal):
    for id in "abc":
        journal.accept(announcement(id))
    ends = [(id, Outcome.CANCELLED, event("cancelled", id)) for id in "abcb"]
    assert journal.finish_all(ends) == [True, True, True, False]
    assert journal.counts() == Counts(unfinished=0, finished=3, outbox=3)


def test_states_and_what_a_restart_makes_of_them(journal, path, clock):
    for id in ("waiting", "speaking", "last-words", "over"):
        journal.accept(announcement(id))
    for id in ("speaking", "last-words", "over"):
        journal.started(id)
        journal.started(id, 2)
    for id in ("last-words", "over"):
        journal.ending(id)
    journal.finish("over", Outcome.PLAYED)
    journal.started("over", 5)
    journal.ending("over")
    for restarts in (1, 2):
        journal = reopened(journal, path, clock)
        assert [(each.announcement.id, *each[1:]) for each in journal.pending()] == [
            ("waiting", State.ACCEPTED, 0, 0),
            ("speaking", State.STARTED, 2, restarts),
            ("last-words", State.ENDING, 2, 0),
        ]
    assert journal.known("over") == Duplicate(Outcome.PLAYED)


def test_a_device_lost_in_the_last_words_may_begin_again(journal):
    journal.accept(announcement())
    journal.ending("a")
    journal.started("a", 0)
    assert journal.pending()[0].state is State.STARTED


def test_only_what_must_survive_a_power_cut_waits_for_the_disk(journal):
    full, normal = [(2,)], [(1,)]

    def synchronous_after(call, *arguments):
        call(*arguments)
        return journal._db.rows("PRAGMA synchronous")

    assert journal._db.rows("PRAGMA journal_mode") == [("wal",)]
    assert synchronous_after(journal.accept, announcement()) == full
    assert synchronous_after(journal.started, "a") == normal
    assert synchronous_after(journal.ending, "a") == full
    assert synchronous_after(journal.sent, "any") == normal
    assert synchronous_after(journal.finish, "a", Outcome.PLAYED) == full
    assert synchronous_after(journal.started, "a") == normal
    assert synchronous_after(journal.post, event("rejected")) == full


def test_a_rejection_outlives_its_acknowledgement(journal, path, clock):
    refused = event("rejected", detail={"reason": "quiet hours"})
    journal.post(refused)
    journal.post(refused)
    journal = reopened(journal, path, clock)
    assert journal.outbox() == [refused]
    assert journal.known("a") is None


def test_the_text_is_forgotten_at_the_end(journal, path):
    journal.accept(announcement())
    journal.finish("a", Outcome.PLAYED)
    journal.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT body FROM announcements").fetchall() == [(None,)]
    raw.close()


class TestPrune:
    def test_old_ends_go_and_unfinished_stay(self, journal, clock):
        for id in ("old", "new", "waiting"):
            journal.accept(announcement(id))
        journal.finish("old", Outcome.PLAYED)
        clock.time += 8 * 86_400
        journal.finish("new", Outcome.PLAYED)
        assert journal.prune() == 1
        assert journal.known("old") is None
        assert journal.known("new") == Duplicate(Outcome.PLAYED)
        assert journal.prune(before=clock.time + 1) == 1
        assert [each.announcement.id for each in journal.pending()] == ["waiting"]

    def test_the_oldest_beyond_a_number_go(self, journal, clock):
        for number in range(10):
            journal.accept(announcement(str(number)), event(ACCEPTED, str(number)))
        for number in (9, 8, 7, 6, 5):
            clock.time += 1
            journal.finish(str(number), Outcome.PLAYED)
        assert journal.prune(max_finished=2, max_outbox=3) == 3
        assert {str(number) for number in range(10) if journal.known(str(number))} == set("0123456")
        assert [each.id for each in journal.outbox()] == ["7", "8", "9"]
        assert journal.counts() == Counts(unfinished=5, finished=2, outbox=3)


class TestTrouble:
    def test_no_room_is_told_before_the_disk_is_full(self, path, clock):
        journal = Journal(path, clock=clock)
        journal.accept(announcement())
        journal.close()
        journal = Journal(path, clock=clock, reserve_bytes=1 << 60)
        with pytest.raises(JournalFull) as caught:
            journal.accept(announcement("b"), event(ACCEPTED, "b"))
        assert caught.value.id == "b"
        assert "free some space" in caught.value.reason
        assert journal.accept(announcement()) == Duplicate(None)
        assert journal.finish("a", Outcome.PLAYED, event("played")) is True
        assert journal.known("b") is None
        journal.close()

    def test_a_file_system_that_does_not_answer_is_an_error_of_the_database(self, journal, monkeypatch):
        monkeypatch.setattr("os.statvfs", lambda _path: os.fstat(-1))
        with pytest.raises(DatabaseError, match="Bad file descriptor"):
            journal.accept(announcement())

    def test_a_full_disk_refuses_and_keeps_the_rest(self, journal):
        journal.accept(announcement())
        pages = journal._db.rows("PRAGMA page_count")[0][0]
        journal._db.rows(f"PRAGMA max_page_count = {pages}")
        kept = {"a"}
        with pytest.raises(JournalFull) as caught:
            for number in range(1000):
                journal.accept(announcement(f"n{number}"), event(ACCEPTED, f"n{number}"))
                kept.add(f"n{number}")
        assert caught.value.id not in kept
        assert {each.announcement.id for each in journal.pending()} == kept
        assert {each.id for each in journal.outbox()} == kept - {"a"}
        journal.finish("a", Outcome.PLAYED)

    def test_a_corrupt_journal_costs_its_content_not_the_daemon(self, path, clock):
        path.write_bytes(b"\0garbage" * 5000)
        journal = Journal(path, clock=clock)
        assert journal.recovered_from.read_bytes() == b"\0garbage" * 5000
        assert "not a database" in journal.recovery_reason
        assert journal.accept(announcement()) == Accepted()
        journal = reopened(journal, path, clock)
        assert (journal.recovered_from, journal.recovery_reason) == (None, None)
        assert len(journal.pending()) == 1

    def test_a_row_that_makes_no_sense_is_answered_as_failed(self, journal, path, clock):
        for id in "abcd":
            journal.accept(announcement(id))
        journal.close()
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE announcements SET body = replace(body, 'NORMAL', 'URGENT') WHERE id = 'a'")
            raw.execute("UPDATE announcements SET body = '[]' WHERE id = 'b'")
            raw.execute("UPDATE announcements SET body = '{\"correlation\": null' WHERE id = 'c'")
            raw.execute("INSERT INTO outbox (event_id, body) VALUES ('x', 'null')")
        raw.close()
        journal = Journal(path, clock=clock)
        assert [each.announcement.id for each in journal.pending()] == ["d"]
        assert [(each.kind, each.id, each.source) for each in journal.outbox()] == [
            ("failed", id, "mqtt") for id in "abc"
        ]
        assert journal.counts() == Counts(unfinished=1, finished=3, outbox=3)
        journal.close()

    @pytest.mark.parametrize(
        ("column", "id"),
        [("body", "b"), ("source", "b"), ("id", "�")],
    )
    def test_a_byte_changed_within_a_text_costs_no_other_announcement(self, journal, path, clock, column, id):
        for each in "abc":
            journal.accept(announcement(each))
        journal.close()
        with sqlite3.connect(path) as raw:
            raw.execute(f"UPDATE announcements SET {column} = CAST(x'ff' || substr({column}, 2) AS TEXT) WHERE id = 'b'")
        raw.close()
        journal = Journal(path, clock=clock)
        expected = ["a", "b", "c"] if column == "source" else ["a", "c"]
        assert [each.announcement.id for each in journal.pending()] == expected
        assert [each.id for each in journal.outbox()] == [id for _ in range(3 - len(expected))]
        journal = reopened(journal, path, clock)
        assert journal.recovered_from is None
        assert journal.counts().unfinished == len(journal.pending()) == len(expected)
        journal.close()

    def test_a_row_under_another_name_than_its_own_ends_once_and_for_all(self, journal, path, clock):
        for id in "ab":
            journal.accept(announcement(id), event(ACCEPTED, id, event_id=id * 2))
        journal.close()
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE announcements SET id = 'x' WHERE id = 'b'")
            raw.execute("UPDATE outbox SET event_id = CAST(x'ff62' AS TEXT) WHERE event_id = 'bb'")
        raw.close()
        journal = Journal(path, clock=clock)
        assert [each.announcement.id for each in journal.pending()] == ["a"]
        assert [(each.kind, each.id) for each in journal.outbox()] == [(ACCEPTED, "a"), ("failed", "x")]
        assert journal.counts() == Counts(unfinished=1, finished=1, outbox=2)
        journal.close()

    @pytest.mark.parametrize(
        ("right", "wrong", "reason"),
        [
            (b"SQLite format 3\0\x10\0\x02", b"SQLite format 3\0\x10\0\x03", "readonly"),
            (b"segment INTEGER", b"segmemt INTEGER", "garbled"),
            (b"indexfinished", b"index\xffinished", "codec"),
            (b"announcement-7", b"announcement-\xff", "malformed"),
        ],
        ids=["read-only", "a column's name", "an index's name", "an index"],
    )
    def test_a_journal_that_could_be_opened_and_not_used_is_set_aside(self, journal, path, clock, right, wrong, reason):
        for number in range(9):
            journal.accept(announcement(f"announcement-{number}"))
        journal.close()
        content = path.read_bytes()
        assert right in content
        path.write_bytes(content.replace(right, wrong, 1))
        journal = Journal(path, clock=clock)
        assert reason in journal.recovery_reason
        assert journal.accept(announcement()) == Accepted()
        assert len(journal.pending()) == 1
        journal.close()

    def test_another_thread_is_refused(self, journal):
        errors = []

        def work():
            try:
                journal.accept(announcement())
            except (EdgeAgentError, sqlite3.ProgrammingError) as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert "thread" in str(errors[0])
        assert journal.pending() == []


def test_a_version_1_journal_is_carried_over(path, clock):
    with sqlite3.connect(path) as raw:
        raw.executescript((Path(__file__).parents[1] / "data" / "journal_v1.sql").read_text())
    raw.close()
    journal = Journal(path, clock=clock)
    assert journal.recovered_from is None
    waiting, speaking, last_words = journal.pending()
    assert waiting.announcement == Announcement(
        id="waiting",
        text="请A12号到3号窗口",
        source="mqtt:voice/lab/desk/say",
        received_at=NOW,
        expires_at=NOW + 300,
        priority=Priority.IMPORTANT,
        reply_to="kiosk/1/answers",
        correlation=b"\x00\xff",
    )
    assert waiting[1:] == (State.ACCEPTED, 0, 0)
    assert speaking[1:] == (State.STARTED, 2, 1)
    assert last_words[1:] == (State.ENDING, 0, 0)
    assert journal.known("over") == Duplicate(Outcome.PLAYED)
    assert [(each.kind, each.id) for each in journal.outbox()] == [
        ("accepted", "waiting"),
        ("accepted", "speaking"),
        ("accepted", "last-words"),
        ("played", "over"),
    ]
    journal.close()
