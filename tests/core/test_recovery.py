"""What an earlier run left unfinished, by state of the journal."""

from __future__ import annotations

import pytest

from edge_agent.events import Event
from edge_agent.speech import Speaker
from tests.core.world import World

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


def test_what_waited_is_spoken_in_order_after_a_restart(world: World) -> None:
    world.say(ONE, id="a")
    world.say(TWO, id="b")
    world.loop.run_due()
    world.reboot()
    world.run(4)
    assert [world.end(each).kind for each in "ab"] == ["played", "played"]
    assert world.spans(ONE)[0][1] <= world.spans(TWO)[0][0]


@pytest.mark.parametrize(
    ("on_interrupt", "heard_one", "outcome"), [("restart", 2, "played"), ("resume", 1, "played"), ("drop", 1, "dropped")]
)
def test_what_was_being_spoken_follows_its_policy(world: World, on_interrupt: str, heard_one: int, outcome: str) -> None:
    world.say(ONE + TWO, id="a", on_interrupt=on_interrupt)
    world.run_until(lambda: world.spans(TWO))
    world.run(0.2)
    world.reboot()
    world.run(5)
    assert world.end("a").kind == outcome
    assert len(world.spans(ONE)) == heard_one


def test_what_was_about_to_end_counts_as_played_and_is_not_spoken_again(world: World) -> None:
    world.say(ONE, id="a")
    world.run_until(lambda: world.journal.pending() and world.journal.pending()[0].state.value == "ending")
    n_heard = len(world.spans(ONE))
    world.reboot()
    world.run(3)
    assert (world.end("a").kind, world.end("a").detail["recovered"]) == ("played", True)
    assert len(world.spans(ONE)) == n_heard


def test_an_end_taken_back_by_an_interruption_is_spoken_after_a_crash(world: World) -> None:
    world.say(ONE + TWO, id="a")
    world.run_until(lambda: world.journal.pending() and world.journal.pending()[0].state.value == "ending")
    world.card.unplug()
    world.run(0.5)
    world.say(ONE, id="b", priority="emergency")
    world.run(0.2)
    assert "interrupted" in world.kinds("a")
    world.reboot()
    world.card.replug()
    world.run(6)
    assert "recovered" not in world.end("a").detail
    assert world.kinds("a")[-2:] == ["started", "played"]


def test_an_end_taken_back_is_on_the_disk_before_a_power_cut(world: World, monkeypatch) -> None:
    world.say(ONE + TWO, id="a")
    world.run_until(lambda: world.journal.pending() and world.journal.pending()[0].state.value == "ending")
    written: list[bool] = []
    started = world.journal.started

    def spy(id: str, segment: int = 0, *, durable: bool = False) -> None:
        written.append(durable)
        started(id, segment, durable=durable)

    monkeypatch.setattr(world.journal, "started", spy)
    world.card.unplug()
    world.run(0.5)
    world.card.replug()
    world.run_until(lambda: "interrupted" in world.kinds("a"))
    assert written[:1] == [True]
    world.run(4)
    assert world.end("a").kind == "played"
    assert True not in written[1:], "a sync a segment would wear the flash"


def test_what_an_update_reads_as_fewer_segments_is_spoken_from_its_beginning(world: World) -> None:
    world.say(ONE + TWO, id="a", on_interrupt="resume")
    world.loop.run_due()
    world.journal.started("a", 7)
    world.reboot()
    world.run(4)
    assert world.end("a").kind == "played"
    assert len(world.spans(ONE)) == len(world.spans(TWO)) == 1


def test_an_announcement_that_ends_the_daemon_each_time_is_given_up(world: World) -> None:
    world.say(ONE, id="a")
    for _ in range(3):
        world.run(0.4)
        assert world.core.speaking == "a"
        world.reboot()
    world.run(2)
    assert world.end("a").kind == "failed"
    assert "ended 3 times" in world.end("a").detail["reason"]


def test_what_outlived_its_time_while_the_daemon_was_away_expires(world: World) -> None:
    world.say(ONE, id="a", ttl_s=5)
    world.loop.run_due()
    world.crash()
    world.clock.advance(6)
    world.boot()
    world.run(1)
    assert world.end("a").kind == "expired"
    assert world.spans(ONE) == []


def test_an_announcement_that_this_version_chokes_on_does_not_keep_the_daemon_from_starting(world: World, monkeypatch, caplog) -> None:
    world.say(ONE, id="a")
    world.loop.run_due()
    world.crash()
    monkeypatch.setattr(Speaker, "script", lambda *_a, **_k: 1 / 0)
    world.boot()
    world.run(1)
    assert world.end("a").kind == "failed"
    assert "id=a" in caplog.text


def test_a_voice_removed_meanwhile_fails_the_announcement(world: World) -> None:
    world.say(ONE, id="a")
    world.loop.run_due()
    world.crash()
    (world.voice_folder / "voice.json").unlink()
    (world.folder / "voices.json").unlink(missing_ok=True)
    world.boot()
    world.run(1)
    assert world.end("a").kind == "failed"
    assert "voice" in world.end("a").detail["reason"]


def test_events_the_broker_did_not_acknowledge_are_sent_again_after_a_restart_with_the_same_event_id(world: World) -> None:
    world.ingress.connected = False
    world.say(ONE, id="a")
    world.run(2)
    world.reboot()
    world.ingress.connected = True
    world.core.link_changed("mqtt", True, None)
    world.run(0.1)
    event_id = world.end("a").event_id
    world.events.clear()
    world.core.link_changed("mqtt", True, None)
    world.run(0.1)
    assert world.end("a").event_id == event_id
    world.core.sent(event_id)
    world.run(0.1)
    world.events.clear()
    world.core.link_changed("mqtt", True, None)
    world.run(0.1)
    assert world.events == []


def test_a_broker_that_was_away_for_long_is_told_everything(world: World) -> None:
    events = [Event("rejected", f"n{number}", world.clock.now(), "mqtt:t") for number in range(1100)]
    for event in events:
        world.journal.post(event)
    world.core.link_changed("mqtt", True, None)
    world.run(0.1)
    assert [event.event_id for event in world.events] == [event.event_id for event in events]


def test_a_stopped_core_ignores_what_still_arrives(world: World) -> None:
    world.say(ONE, id="a")
    world.run(0.5)
    world.core.stop()
    number = world.say(TWO, id="b")
    world.run(3)
    assert number not in world.acked
    assert world.kinds("a") == ["accepted", "started"]
    assert [pending.announcement.id for pending in world.journal.pending()] == ["a"]
