"""Whose turn it is: order, commands, time and overload, in simulated time."""

from __future__ import annotations

import pytest

from edge_agent.ingress import Cancel, Clear, Stop
from tests.core.world import World

ONE, TWO, THREE = "请到一号窗口。", "请到二号窗口。", "请到三号窗口。"
SILENT_WITHIN_S = 0.12


# ---- cancel, stop, clear, supersede


def test_stop_silences_what_is_spoken_and_the_next_follows(world: World) -> None:
    world.say(ONE, id="a")
    world.say(TWO, id="b")
    world.run_until(lambda: world.spans(ONE))
    at = world.clock.monotonic()
    world.command(Stop())
    world.run(3)
    assert world.spans(ONE)[0][1] - at <= SILENT_WITHIN_S
    assert world.end("a").kind == "cancelled"
    assert world.end("a").detail["reason"] == "stopped by command"
    assert world.end("b").kind == "played"
    assert world.answers == [{"ok": True, "stopped": "a"}]


def test_stop_in_silence_stops_nothing(world: World) -> None:
    world.command(Stop())
    world.run(0.1)
    assert world.answers == [{"ok": True, "stopped": None}]


def test_cancel_by_id_and_by_key_reaches_the_waiting_and_the_spoken(world: World) -> None:
    world.say(ONE, id="a", key="k")
    world.say(TWO, id="b")
    world.say(THREE, id="c")
    world.run_until(lambda: world.spans(ONE))
    world.command(Cancel(id="b"))
    world.command(Cancel(key="k"))
    world.command(Cancel(id="nobody"))
    world.run(3)
    assert [world.end(each).kind for each in "abc"] == ["cancelled", "cancelled", "played"]
    assert [answer["cancelled"] for answer in world.answers] == [["b"], ["a"], []]
    assert world.spans(TWO) == []


def test_clear_cancels_what_waits_and_lets_the_current_end(world: World) -> None:
    for name in "abc":
        world.say(ONE, id=name)
    world.run_until(lambda: world.spans(ONE))
    world.command(Clear())
    world.run(2)
    assert [world.end(each).kind for each in "abc"] == ["played", "cancelled", "cancelled"]
    assert world.answers == [{"ok": True, "cleared": 2}]


def test_a_newer_announcement_with_the_key_supersedes_a_waiting_one(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: world.spans(ONE))
    world.say(TWO, id="b", key="queue")
    world.say(THREE, id="c", key="queue")
    world.run(3)
    assert world.end("b").kind == "superseded"
    assert world.end("c").kind == "played"


# ---- time


def test_what_waited_longer_than_it_lives_is_never_spoken(world: World) -> None:
    world.say(ONE, id="a")
    world.say(TWO, id="b", ttl_s=0.3)
    world.run(0.35)
    assert world.end("b").kind == "expired", "told as soon as it is so, not when its turn comes"
    world.run(2)
    assert world.spans(TWO) == []


def test_a_scheduled_announcement_waits_for_its_time_and_lives_from_then(world: World) -> None:
    world.say(ONE, id="a", not_before="2027-01-15T08:00:10Z", ttl_s=1)  # the simulated clock starts at 08:00:00
    world.run(9.9)
    assert world.kinds("a") == ["accepted"]
    world.run(2)
    assert world.end("a").kind == "played"
    assert world.starts(ONE)[0] == pytest.approx(10.15, abs=0.1), "with the lead-in of a device that was closed"


def test_a_clock_that_is_set_meanwhile_costs_no_scheduled_announcement(world: World) -> None:
    world.say(ONE, id="a", not_before="2027-01-15T11:00:00Z", ttl_s=60)
    world.run(5)
    world.clock.epoch_s += 3 * 3600 - 3  # as a device does that has found a time server: it is 11:00:02
    world.run(3)
    assert world.end("a").kind == "played"


def test_a_scheduled_emergency_interrupts(world: World) -> None:
    world.say(ONE + TWO, id="a")
    world.say(THREE, id="b", priority="emergency", not_before="2027-01-15T08:00:01Z")
    world.run(5)
    assert world.kinds("a").count("interrupted") == 1
    assert world.starts(THREE)[0] == pytest.approx(1.05, abs=0.1)


# ---- overload


def test_too_many_waiting_costs_the_least_important_and_each_is_told(make_world) -> None:
    world: World = make_world(max_waiting=3)
    for number in range(6):
        world.say(ONE, id=f"n{number}", priority="normal")
    world.say(TWO, id="urgent", priority="important")
    world.run(12)
    ends = {f"n{number}": world.end(f"n{number}").kind for number in range(6)}
    assert list(ends.values()).count("dropped") == 3
    assert world.end("urgent").kind == "played"
