import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_agent.announcement import Announcement, Outcome, Priority
from edge_agent.queue import Effects, Left, Popped, SpeechQueue, interrupts

EMERGENCY, IMPORTANT, NORMAL = Priority.EMERGENCY, Priority.IMPORTANT, Priority.NORMAL
INFO, PROGRESS = Priority.INFO, Priority.PROGRESS
NOW = 1000.0


def announcement(id, priority=NORMAL, *, key=None, ttl_s=300.0, not_before=None, source="test", at=NOW):
    return Announcement(
        id=id,
        text=id,
        source=source,
        received_at=at,
        expires_at=at + ttl_s,
        priority=priority,
        key=key,
        not_before=not_before,
    )


def filled(*announcements, **options):
    queue = SpeechQueue(**options)
    for each in announcements:
        assert queue.push(each, NOW).queued
    return queue


def ids(queue):
    return [each.id for each in queue.waiting()]


def fates(left):
    return {each.announcement.id: each.outcome for each in left}


def spoken(queue, now=NOW):
    order = []
    while (popped := queue.pop(now)).announcement:
        order.append(popped.announcement.id)
    return order


def test_higher_priorities_first_and_first_in_first_out_within():
    queue = filled(
        announcement("p", PROGRESS),
        announcement("n1"),
        announcement("e1", EMERGENCY),
        announcement("i1", IMPORTANT),
        announcement("n2"),
        announcement("e2", EMERGENCY),
        announcement("i2", IMPORTANT),
    )
    assert len(queue) == 7 and "n1" in queue and "n3" not in queue
    assert spoken(queue) == ["e1", "e2", "i1", "i2", "n1", "n2", "p"]
    assert queue.pop(NOW) == Popped(None, ())


def test_an_id_waits_once():
    queue = filled(announcement("a"))
    with pytest.raises(ValueError):
        queue.push(announcement("a"), NOW)
    with pytest.raises(ValueError):
        queue.requeue(announcement("a"))


@pytest.mark.parametrize(
    ("newcomer", "interrupted"),
    [(EMERGENCY, {IMPORTANT, NORMAL, INFO, PROGRESS}), (IMPORTANT, {NORMAL, INFO, PROGRESS})]
    + [(quiet, set()) for quiet in (NORMAL, INFO, PROGRESS)],
)
def test_who_interrupts_whom(newcomer, interrupted):
    assert {playing for playing in Priority if interrupts(newcomer, playing)} == interrupted
    for playing in Priority:
        effects = SpeechQueue().push(announcement("a", newcomer), NOW, playing=playing)
        assert effects.preempt is (playing in interrupted)
    assert SpeechQueue().push(announcement("a", newcomer), NOW).preempt is False


def test_an_interrupted_one_returns_in_front_of_its_priority():
    queue = filled(announcement("n1"), announcement("n2"), announcement("i1", IMPORTANT))
    queue.requeue(announcement("cut first"))
    queue.requeue(announcement("cut last"))
    assert spoken(queue) == ["i1", "cut last", "cut first", "n1", "n2"]


class TestKeys:
    def test_a_newer_one_supersedes_and_takes_the_place(self):
        queue = filled(announcement("gate 4", key="gate"), announcement("other"))
        effects = queue.push(announcement("gate 5", key="gate"), NOW)
        assert fates(effects.left) == {"gate 4": Outcome.SUPERSEDED}
        assert effects.left[0].reason == "superseded by gate 5"
        assert ids(queue) == ["gate 5", "other"]

    def test_another_priority_means_another_place(self):
        queue = filled(announcement("a", key="gate"), announcement("b", IMPORTANT))
        assert fates(queue.push(announcement("c", IMPORTANT, key="gate"), NOW).left) == {"a": Outcome.SUPERSEDED}
        assert ids(queue) == ["b", "c"]

    def test_only_an_emergency_silences_an_emergency(self):
        queue = filled(announcement("leave now", EMERGENCY, key="gate"))
        assert queue.push(announcement("boarding", key="gate"), NOW).left == ()
        effects = queue.push(announcement("all clear", EMERGENCY, key="gate"), NOW)
        assert fates(effects.left) == {"leave now": Outcome.SUPERSEDED, "boarding": Outcome.SUPERSEDED}

    def test_what_was_interrupted_can_be_superseded(self):
        queue = SpeechQueue()
        queue.requeue(announcement("old", key="gate"))
        assert fates(queue.push(announcement("new", key="gate"), NOW).left) == {"old": Outcome.SUPERSEDED}

    def test_what_came_while_it_was_spoken_supersedes_it_once_it_is_interrupted(self):
        """Else the driver would hear of 300 m after 100 m."""
        queue = filled(announcement("in 100 m", IMPORTANT, key="turn", at=NOW + 1))
        left = queue.requeue(announcement("in 300 m", key="turn"))
        assert (fates(left), left[0].reason) == ({"in 300 m": Outcome.SUPERSEDED}, "superseded by in 100 m")
        assert queue.requeue(announcement("leave the car", EMERGENCY, key="turn")) == ()
        assert queue.requeue(announcement("newest", key="turn", at=NOW + 2)) == ()
        assert ids(queue) == ["leave the car", "in 100 m", "newest"]

    def test_no_key_supersedes_nothing(self):
        assert len(filled(announcement("a"), announcement("b"))) == 2


class TestProgress:
    def test_only_the_newest_of_a_key(self):
        queue = filled(announcement("10 %", PROGRESS, key="job"), announcement("other", PROGRESS, key="x"))
        assert fates(queue.push(announcement("20 %", PROGRESS, key="job"), NOW).left) == {"10 %": Outcome.SUPERSEDED}

    def test_without_a_key_only_the_newest_of_a_source(self):
        queue = filled(announcement("10 %", PROGRESS, source="a"), announcement("x", PROGRESS, source="b"))
        effects = queue.push(announcement("20 %", PROGRESS, source="a"), NOW)
        assert fates(effects.left) == {"10 %": Outcome.SUPERSEDED}
        assert set(ids(queue)) == {"20 %", "x"}


class TestInfo:
    def test_refused_if_something_plays_or_waits(self):
        info = announcement("info", INFO)
        for playing in Priority:
            effects = SpeechQueue().push(info, NOW, playing=playing)
            assert effects == Effects(
                (Left(info, Outcome.DROPPED, "other announcements are waiting or playing"),),
                queued=False,
                preempt=False,
            )
        for waiting in (NORMAL, PROGRESS, INFO):
            assert not filled(announcement("other", waiting)).push(info, NOW).queued

    def test_spoken_in_silence(self):
        assert spoken(filled(announcement("info", INFO))) == ["info"]

    def test_dropped_when_something_more_important_comes(self):
        queue = filled(announcement("info", INFO))
        assert queue.push(announcement("p", PROGRESS), NOW).left == ()
        assert fates(queue.push(announcement("n"), NOW).left) == {"info": Outcome.DROPPED}

    def test_what_is_scheduled_for_later_is_not_waiting_yet(self):
        queue = filled(announcement("tonight", not_before=NOW + 100))
        assert queue.push(announcement("info", INFO), NOW).queued
        assert queue.push(announcement("info later", INFO, not_before=NOW + 100), NOW).queued
        assert queue.push(announcement("n"), NOW, playing=NORMAL).queued
        popped = queue.pop(NOW + 100)
        assert popped.announcement.id == "tonight"
        assert fates(popped.left) == {"info later": Outcome.DROPPED}


class TestTime:
    def test_never_spoken_after_its_time(self):
        queue = filled(announcement("short", ttl_s=10), announcement("long"))
        assert queue.expire(NOW + 9.9) == ()
        popped = queue.pop(NOW + 10)
        assert popped.announcement.id == "long"
        assert popped.left == (
            Left(announcement("short", ttl_s=10), Outcome.EXPIRED, "not spoken within 10 s of its arrival"),
        )

    def test_what_comes_too_late_changes_nothing(self):
        queue = filled(announcement("a", key="k"))
        effects = queue.push(announcement("late", EMERGENCY, key="k", ttl_s=0), NOW, playing=NORMAL)
        assert (fates(effects.left), effects.queued, effects.preempt) == ({"late": Outcome.EXPIRED}, False, False)
        assert ids(queue) == ["a"]

    def test_a_scheduled_one_waits_for_its_time_and_then_interrupts(self):
        later = announcement("later", IMPORTANT, not_before=NOW + 60)
        queue = SpeechQueue()
        assert queue.push(later, NOW, playing=NORMAL) == Effects((), queued=True, preempt=False)
        assert queue.due(NOW) == NOW + 60
        assert queue.pop(NOW + 59).announcement is None
        assert not queue.preempts(NOW + 59, NORMAL)
        assert queue.preempts(NOW + 60, NORMAL)
        assert not queue.preempts(NOW + 60, IMPORTANT)
        assert queue.pop(NOW + 60).announcement == later

    def test_due_is_the_next_change(self):
        queue = SpeechQueue()
        assert queue.due(NOW) is None
        queue.push(announcement("a", ttl_s=30), NOW)
        assert queue.due(NOW) == NOW + 30
        queue.push(announcement("b", not_before=NOW + 20), NOW)
        assert queue.due(NOW) == NOW + 20
        assert queue.due(NOW + 20) == NOW + 30


class TestOverload:
    def test_the_newest_of_the_lowest_goes_first(self):
        queue = filled(announcement("n1"), announcement("p", PROGRESS), announcement("n2"), max_waiting=3)
        assert fates(queue.push(announcement("e", EMERGENCY), NOW).left) == {"p": Outcome.DROPPED}
        assert fates(queue.push(announcement("i", IMPORTANT), NOW).left) == {"n2": Outcome.DROPPED}
        effects = queue.push(announcement("n3"), NOW)
        assert (fates(effects.left), effects.queued) == ({"n3": Outcome.DROPPED}, False)
        assert effects.left[0].reason == "too many announcements are waiting (at most 3)"

    def test_an_emergency_is_dropped_only_among_emergencies(self):
        queue = filled(*(announcement(f"e{number}", EMERGENCY) for number in range(2)), max_waiting=2)
        assert fates(queue.push(announcement("n"), NOW).left) == {"n": Outcome.DROPPED}
        effects = queue.push(announcement("e2", EMERGENCY), NOW, playing=NORMAL)
        assert (fates(effects.left), effects.preempt) == ({"e2": Outcome.DROPPED}, False)

    def test_room_for_at_least_one(self):
        with pytest.raises(ValueError):
            SpeechQueue(max_waiting=0)


def test_cancel_and_clear():
    queue = filled(announcement("a", key="k"), announcement("b"), announcement("c", IMPORTANT), announcement("d"))
    assert queue.cancel(id="nobody") == queue.cancel(key="nothing") == queue.cancel() == ()
    assert queue.cancel(id="b") == (Left(announcement("b"), Outcome.CANCELLED, "cancelled by request"),)
    assert fates(queue.cancel(id="d", key="k")) == {"a": Outcome.CANCELLED, "d": Outcome.CANCELLED}
    assert fates(queue.clear()) == {"c": Outcome.CANCELLED}
    assert len(queue) == 0


class Model:
    """The rules again, over one plain list in order of arrival, with no thought for anything but being obvious."""

    def __init__(self, max_waiting):
        self.line = []
        self.max_waiting = max_waiting

    def gone(self, condition, outcome):
        gone = [each for each in self.line if condition(each)]
        self.line = [each for each in self.line if not condition(each)]
        return {each.id: outcome for each in gone}

    def due(self, now):
        return [each for each in self.line if each.not_before is None or now >= each.not_before]

    def expire(self, now):
        return self.gone(lambda each: now >= each.expires_at, Outcome.EXPIRED)

    def drop_info(self, now):
        due = self.due(now)
        return self.gone(lambda each: each in due and each.priority == INFO, Outcome.DROPPED)

    def replaces(self, new, old):
        if old.priority == EMERGENCY and new.priority != EMERGENCY:
            return False
        unkeyed_progress = [(each.priority, each.key) for each in (old, new)] == [(PROGRESS, None)] * 2
        return (new.key is not None and old.key == new.key) or (unkeyed_progress and old.source == new.source)

    def requeue(self, old):
        if any(new.received_at >= old.received_at and self.replaces(new, old) for new in self.line):
            return {old.id: Outcome.SUPERSEDED}
        self.line.insert(0, old)
        return {}

    def push(self, new, now, playing):
        fate = self.expire(now)
        if now >= new.expires_at:
            return fate | {new.id: Outcome.EXPIRED}

        spots = [i for i, old in enumerate(self.line) if self.replaces(new, old) and old.priority == new.priority]
        self.line.insert(spots[0] if spots else len(self.line), new)
        fate |= self.gone(lambda each: each is not new and self.replaces(new, each), Outcome.SUPERSEDED)
        if new in self.due(now) and new.priority > INFO:
            fate |= self.drop_info(now)
        if new.priority == INFO and new in self.due(now) and (playing is not None or len(self.due(now)) > 1):
            fate |= self.gone(lambda each: each is new, Outcome.DROPPED)
        if len(self.line) > self.max_waiting:
            lowest = min(each.priority for each in self.line)
            victim = [each for each in self.line if each.priority == lowest][-1]
            fate |= self.gone(lambda each: each is victim, Outcome.DROPPED)
        return fate

    def pop(self, now):
        fate = self.expire(now)
        due = self.due(now)
        if not due:
            return None, fate
        highest = max(each.priority for each in due)
        chosen = next(each for each in due if each.priority == highest)
        self.line.remove(chosen)
        return chosen, fate | self.drop_info(now)

    def spoken_order(self):
        return sorted(self.line, key=lambda each: -each.priority)


class QueueAgainstModel(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = NOW
        self.playing = None
        self.numbers = itertools.count()
        self.queue = SpeechQueue(max_waiting=5)
        self.model = Model(max_waiting=5)
        self.pushed, self.spoken, self.answered = set(), set(), {}
        self.requeued = 0

    def answer(self, left, expected):
        assert fates(left) == expected
        assert len(left) == len(expected)
        for each in left:
            assert each.announcement.id not in self.answered, "answered twice"
            self.answered[each.announcement.id] = each.outcome

    @rule(
        priority=st.sampled_from(Priority),
        key=st.sampled_from([None, None, "k", "l"]),
        source=st.sampled_from("ab"),
        ttl_s=st.sampled_from([0.0, 3.0, 10.0, 1000.0]),
        delay_s=st.sampled_from([None, None, None, -1.0, 2.0, 8.0]),
    )
    def push(self, priority, key, source, ttl_s, delay_s):
        new = announcement(
            f"a{next(self.numbers)}",
            priority,
            key=key,
            source=source,
            ttl_s=ttl_s,
            not_before=None if delay_s is None else self.now + delay_s,
            at=self.now,
        )
        self.pushed.add(new.id)
        only_emergencies = all(each.priority == EMERGENCY for each in (new, *self.model.line))
        playing = self.playing.priority if self.playing else None
        effects = self.queue.push(new, self.now, playing=playing)
        self.answer(effects.left, self.model.push(new, self.now, playing))
        assert effects.queued == (new.id in self.queue) == (new in self.model.line)
        due = new in self.model.due(self.now)
        assert effects.preempt == (effects.queued and due and playing is not None and interrupts(priority, playing))
        for each in effects.left:
            if each.announcement.priority == EMERGENCY and each.outcome == Outcome.DROPPED:
                assert only_emergencies

    @rule()
    def pop(self):
        chosen, expected = self.model.pop(self.now)
        popped = self.queue.pop(self.now)
        assert popped.announcement == chosen
        self.answer(popped.left, expected)
        if self.playing:
            self.spoken.add(self.playing.id)
        self.playing = chosen

    @precondition(lambda self: self.playing)
    @rule()
    def interrupt(self):
        self.answer(self.queue.requeue(self.playing), self.model.requeue(self.playing))
        self.playing = None
        self.requeued += 1

    @rule(seconds=st.sampled_from([0.5, 2.0, 7.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def expire(self):
        self.answer(self.queue.expire(self.now), self.model.expire(self.now))

    @precondition(lambda self: self.model.line)
    @rule(data=st.data())
    def cancel_id(self, data):
        id = data.draw(st.sampled_from([each.id for each in self.model.line]))
        self.answer(self.queue.cancel(id=id), self.model.gone(lambda each: each.id == id, Outcome.CANCELLED))

    @rule(key=st.sampled_from("kl"))
    def cancel_key(self, key):
        self.answer(self.queue.cancel(key=key), self.model.gone(lambda each: each.key == key, Outcome.CANCELLED))

    @rule()
    def clear(self):
        self.answer(self.queue.clear(), self.model.gone(lambda each: True, Outcome.CANCELLED))

    @invariant()
    def everything_has_exactly_one_fate(self):
        waiting = {each.id for each in self.queue.waiting()}
        playing = {self.playing.id} if self.playing else set()
        groups = [waiting, playing, self.spoken, set(self.answered)]
        assert sum(map(len, groups)) == len(self.pushed)
        assert set.union(*groups) == self.pushed

    @invariant()
    def the_line_is_the_models(self):
        assert list(self.queue.waiting()) == self.model.spoken_order()
        assert len(self.queue) == len(self.model.line) <= 5 + self.requeued

    @invariant()
    def the_next_change_is_the_models(self):
        changes = [each.expires_at for each in self.model.line]
        changes += [each.not_before for each in self.model.line if each not in self.model.due(self.now)]
        assert self.queue.due(self.now) == min(changes, default=None)
        for playing in Priority:
            wanted = any(interrupts(each.priority, playing) for each in self.model.due(self.now))
            assert self.queue.preempts(self.now, playing) == wanted


QueueAgainstModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_queue_against_model = QueueAgainstModel.TestCase
