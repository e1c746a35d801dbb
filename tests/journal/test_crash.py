"""The journal against kill -9 and against a power cut that tears the write-ahead log."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter

import pytest

from edge_agent.announcement import Announcement, Outcome
from edge_agent.clock import SystemClock
from edge_agent.events import ACCEPTED, Event
from edge_agent.journal import Duplicate, Journal, State

KILLS = 30
LINES_A_ROUND = 12
"""Promises before the end of a round may come: how much is done is then no matter of the disk's speed."""
OUTCOMES = list(Outcome)


def announcement(id):
    return Announcement(id=id, text="请稍候 " + id, source="test", received_at=0.0, expires_at=1e12)


def event(kind, id):
    return Event(kind, id, 0.0, "test")


def work(path, log, round_number):
    """Accept, speak and finish for ever; each line in the log is a promise made after the journal kept it."""

    def promise(*words):
        os.write(log, (" ".join(words) + "\n").encode())

    journal = Journal(path, clock=SystemClock())
    chance = random.Random(round_number)
    backlog = [each.announcement.id for each in journal.pending()]
    for number in range(1_000_000):
        id = f"{round_number}-{number}"
        journal.accept(announcement(id), event(ACCEPTED, id))
        promise("accepted", id)
        backlog.append(id)
        if chance.random() < 0.9:
            id = backlog.pop(chance.randrange(len(backlog)))
            journal.started(id, number)
            journal.ending(id)
            promise("ending", id)
            outcome = chance.choice(OUTCOMES)
            journal.finish(id, outcome, event(outcome.value, id))
            promise("finished", id, outcome.value)
        if chance.random() < 0.2:
            told = journal.outbox(limit=1)[0]
            promise("sending", told.event_id, told.kind, told.id)
            journal.sent(told.event_id)


def run_until_killed(path, log_path, round_number):
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    enough = log_path.read_bytes().count(b"\n") + LINES_A_ROUND
    child = multiprocessing.get_context("fork").Process(target=work, args=(path, log, round_number))
    child.start()
    # Every third kill may come while the journal is still being opened.
    while round_number % 3 and log_path.read_bytes().count(b"\n") < enough and child.is_alive():
        time.sleep(0.002)
    time.sleep(random.Random(-round_number).uniform(0, 0.06))
    assert child.is_alive(), "the worker must not end by itself"
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    os.close(log)


def check(path, promises):
    journal = Journal(path, clock=SystemClock())
    assert journal.recovered_from is None
    pending = {each.announcement.id: each for each in journal.pending()}
    outbox = journal.outbox(limit=1_000_000)
    sent = {words[1]: words[2:] for words in promises if words[0] == "sending"}
    terminal = Counter(each.id for each in outbox if each.terminal and each.event_id not in sent)
    terminal.update(id for kind, id in sent.values() if kind != ACCEPTED)
    for verb, id, *rest in promises:
        if verb == "accepted":
            assert journal.known(id) is not None, f"{id} was accepted and is gone"
        elif verb == "ending" and id in pending:
            assert pending[id].state is State.ENDING
        elif verb == "finished":
            assert journal.known(id) == Duplicate(Outcome(rest[0]))
    for id, each in pending.items():
        assert each.announcement == announcement(id)
        assert terminal[id] == 0, f"{id} is unfinished but its end was told"
    finished = {words[1] for words in promises if words[0] == "accepted"} - set(pending)
    assert {id: terminal[id] for id in finished} == dict.fromkeys(finished, 1)
    journal.close()
    return len(finished)


def test_thirty_kills_break_no_promise(tmp_path):
    path, log_path = tmp_path / "journal.sqlite", tmp_path / "promises"
    log_path.touch()
    finished = 0
    for round_number in range(KILLS):
        run_until_killed(path, log_path, round_number)
        finished = check(path, [line.split() for line in log_path.read_text().splitlines()])
    assert finished >= KILLS


@pytest.mark.parametrize("seed", range(20))
def test_a_torn_log_loses_the_newest_steps_only(tmp_path, seed):
    """After a power cut the log may end anywhere: then some suffix of the steps is undone, each as a whole."""
    chance = random.Random(seed)
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, clock=SystemClock())
    n_announcements = chance.randrange(2, 40)
    for number in range(n_announcements):
        journal.accept(announcement(str(number)), event(ACCEPTED, str(number)))
        if number:
            previous = str(number - 1)
            journal.started(previous)
            journal.ending(previous)
            journal.finish(previous, Outcome.PLAYED, event("played", previous))
    after = tmp_path / "after"
    after.mkdir()
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        shutil.copy(tmp_path / name, after)
    journal.close()
    log = after / "journal.sqlite-wal"
    os.truncate(log, chance.randrange(log.stat().st_size + 1))

    journal = Journal(after / "journal.sqlite", clock=SystemClock())
    assert journal.recovered_from is None
    kept = [journal.known(str(number)) for number in range(n_announcements)]
    n_kept = sum(each is not None for each in kept)
    assert all(each is not None for each in kept[:n_kept]), "only the newest may be missing"
    assert all(each == Duplicate(Outcome.PLAYED) for each in kept[: max(0, n_kept - 2)])
    told = [(each.kind, each.id) for each in journal.outbox()]
    for number, each in enumerate(kept):
        assert told.count((ACCEPTED, str(number))) == (each is not None)
        assert told.count(("played", str(number))) == (each == Duplicate(Outcome.PLAYED))
    journal.close()
