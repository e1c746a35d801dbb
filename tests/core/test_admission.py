"""Who is let in, who is refused with which words, and who is known already."""

from __future__ import annotations

import pytest

from edge_agent.journal import Duplicate
from edge_agent.policy import PolicyConfig
from edge_agent.policy.quiet import QuietWindow
from tests.core.world import World

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


def test_the_same_id_is_spoken_once_and_acknowledged_each_time(world: World) -> None:
    world.say(ONE, id="a")
    world.run(0.3)
    world.say(ONE, id="a")
    world.run(3)
    world.say(TWO, id="a")
    world.run(3)
    assert world.acked == [1, 2, 3]
    assert world.kinds("a") == ["accepted", "started", "played"]
    assert len(world.spans(ONE)) == 1
    assert world.spans(TWO) == []


def test_the_same_id_is_known_after_a_restart(world: World) -> None:
    world.say(ONE, id="a")
    world.run(3)
    world.reboot()
    world.say(ONE, id="a", redelivered=True)
    world.run(3)
    assert world.kinds("a") == ["accepted", "started", "played"]


def test_a_redelivery_without_an_id_is_recognised_also_after_a_restart(world: World) -> None:
    world.say(ONE, packet_id=7)
    world.run(3)
    world.say(ONE, packet_id=7, redelivered=True)
    world.reboot()
    world.say(ONE, packet_id=7, redelivered=True)
    world.run(3)
    assert [event.kind for event in world.events] == ["accepted", "started", "played"]


def test_the_same_words_said_twice_are_spoken_twice(world: World) -> None:
    world.say(ONE, packet_id=7)
    world.say(ONE, packet_id=8)
    world.run(3)
    world.say(ONE, packet_id=7)
    world.run(3)
    assert [event.kind for event in world.events].count("played") == 3


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"voice": "nobody"}, "voice", "'nobody' is not installed"),
        ({"chime": "gong"}, "chime", "'gong' does not exist"),
        ({"text": "<speak><loud>hi</loud></speak>"}, "text", "line 1, column 8: unknown element <loud>"),
        ({"text": "<speak>hi"}, "text", "cannot be spoken"),
        ({"text": "<speak><audio src='chime:gong'/>hi</speak>"}, "text", "there is no chime 'gong'"),
        ({"text": "。。。！"}, "text", "no word to speak"),
        ({"text": "😀🎉"}, "text", "no word to speak"),
        ({"text": "\u200b\u0007"}, "text", "allowed"),
        ({"text": 7}, "text", "text"),
        ({"repeat": 11}, "repeat", "1"),
        ({"txt": "x"}, "txt", "did you mean text?"),
        ({"ttl_s": -1}, "ttl_s", "allowed"),
        ({"not_before": "tomorrow"}, "not_before", "allowed"),
    ],
)
def test_what_is_wrong_is_rejected_with_field_and_words(world: World, fields: dict, field: str, words: str) -> None:
    number = world.say(**{"text": ONE, "id": "a", **fields})
    world.say(TWO, id="b")
    world.run(3)
    detail = world.end("a").detail
    assert (world.end("a").kind, detail["field"]) == ("rejected", field)
    assert words in detail["reason"]
    assert number in world.acked
    assert world.end("b").kind == "played"
    assert world.journal.known("a") is None


def test_a_rejected_id_may_be_used_again(world: World) -> None:
    world.say(ONE, id="a", volume=7)
    world.run(1)
    world.say(ONE, id="a")
    world.run(3)
    assert world.kinds("a") == ["rejected", "accepted", "started", "played"]


def test_a_malformed_repetition_of_a_known_id_is_a_duplicate_and_gets_no_second_end(world: World) -> None:
    world.say(ONE, id="a")
    world.run(3)
    world.say(ONE, id="a", volume=7)
    world.run(1)
    assert world.kinds("a") == ["accepted", "started", "played"]
    assert world.journal.known("a") == Duplicate(world.journal.known("a").outcome)


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"{" * 5000, b'{"text": "a", "text": "b"}', b'{"text": "a", "volume": NaN}', b"[]", b"null"]
)
def test_what_is_no_request_at_all_is_answered_and_acknowledged(world: World, raw: bytes) -> None:
    number = world.say(raw=raw)
    world.say(ONE, id="b")
    world.run(3)
    assert number in world.acked
    assert world.end("b").kind == "played"
    others = [event for event in world.events if event.id != "b" and event.terminal]
    assert len(others) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"raw": b"{"}, "malformed"),
        ({"raw": b"a" * 17_000}, "too_large"),
        ({"volume": 7}, "field"),
        ({"voice": "nobody"}, "unspeakable"),
        ({"text": "..."}, "unspeakable"),
    ],
)
def test_refusals_are_counted_by_their_reason(world: World, fields: dict, reason: str) -> None:
    world.say(**{"text": ONE, **fields})
    world.run(0.1)
    assert refusals(world) == {reason: 1}


def refusals(world: World) -> dict[str, int]:
    """Counted so far, by reason."""
    prefix = "refused_requests_total."
    return {name.removeprefix(prefix): count for name, count in world.metrics.figures().items() if name.startswith(prefix)}


def test_blocked_words_rates_and_quotas_are_rejected_with_the_policy(make_world) -> None:
    world: World = make_world(policy=PolicyConfig(blocked_words=("赌场",), rate_per_minute=2, rate_burst=2, daily_quota=3))
    world.say("欢迎来到赌场", id="blocked")
    for number in range(3):
        world.say(ONE, id=f"n{number}")
    world.run(40)
    world.say(ONE, id="later")
    world.run(40)
    world.say(ONE, id="last")
    world.run(5)
    assert world.end("blocked").detail["policy"] == "blocked_words"
    assert [world.end(f"n{number}").kind for number in range(3)] == ["played", "played", "rejected"]
    assert world.end("n2").detail["policy"] == "rate_limit"
    assert world.end("later").kind == "played"
    assert world.end("last").detail["policy"] == "daily_quota"
    assert refusals(world) == {"blocked_words": 1, "rate_limit": 1, "daily_quota": 1}


def test_a_duplicate_does_not_count_against_limits(make_world) -> None:
    world: World = make_world(policy=PolicyConfig(daily_quota=2))
    for _ in range(5):
        world.say(ONE, id="a")
    world.say(TWO, id="b")
    world.run(5)
    assert world.end("b").kind == "played"


def test_quiet_hours_reject_except_emergencies_and_drop_what_began_to_wait_before(make_world) -> None:
    # The simulated clock starts at 08:00:00.
    quiet = PolicyConfig(quiet_hours=(QuietWindow.parse("08:01-09:00"),), time_zone="UTC")
    world: World = make_world(policy=quiet)
    world.say(ONE, id="scheduled", not_before="2027-01-15T08:00:59.9Z", ttl_s=600)
    world.say(TWO + TWO, id="early")
    world.run(58)
    assert world.end("early").kind == "played"
    world.say(TWO * 3, id="long")
    world.run(10)
    assert world.end("scheduled").kind == "dropped"
    assert "quiet hours" in world.end("scheduled").detail["reason"]
    world.say(ONE, id="normal")
    world.say(ONE, id="emergency", priority="emergency")
    world.run(5)
    assert world.end("normal").detail["policy"] == "quiet_hours"
    assert world.end("emergency").kind == "played"


def test_a_request_that_meets_a_defect_is_answered_and_acknowledged(world: World, monkeypatch, caplog) -> None:
    monkeypatch.setattr(world.speaker, "script", lambda *_a, **_k: 1 / 0)
    number = world.say(ONE)
    world.run(1)
    monkeypatch.undo()
    world.say(ONE, id="b")
    world.run(3)
    assert number in world.acked
    assert [event.kind for event in world.events] == ["rejected", "accepted", "started", "played"]
    assert "ZeroDivisionError" in caplog.text


def test_templates_are_cached_by_their_parts(make_world) -> None:
    world: World = make_world(templates=("请{ticket:code}号到{window:number}号窗口",))
    world.say("请A12号到3号窗口", id="a")
    world.say("请A13号到3号窗口", id="b")
    world.run(10)
    first, second = world.end("a").detail, world.end("b").detail
    assert first["segments_made"] > 1
    assert second["segments_made"] == 1
    assert second["segments_cached"] == first["segments_made"] - 1
