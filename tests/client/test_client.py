"""The client against the real ingress, whose core is played."""

from __future__ import annotations

import socket
import threading
import time
from datetime import datetime, timezone

import pytest

from edge_agent.client import Handle, NoAnswer, Refused, Rejected, SpeechClient, SpeechError
from edge_agent.events import TERMINAL, Event
from edge_agent.ingress import Command, Prewarm, Route
from tests.rigs.mqtt_peer import eventually
from tests.rigs.zmq_peer import Station, in_thread


def test_say_and_wait(station: Station, speech: SpeechClient) -> None:
    handle = speech.say("前方三百米右转", priority="important", lang="zh")
    assert handle.wait_started(20)
    assert handle.wait_played(20)
    assert handle.outcome == "played"
    assert [event["event"] for event in handle.events] == ["accepted", "started", "played"]
    assert not handle.duplicate


@pytest.mark.parametrize("outcome", sorted(TERMINAL - {"played", "rejected"}))
def test_every_other_end(station: Station, speech: SpeechClient, outcome: str) -> None:
    station.core.kinds = ("accepted", outcome)
    handle = speech.say("x", lang="en")
    assert not handle.wait_played(20)
    assert not handle.wait_started(20)
    assert handle.outcome == outcome


def test_all_fields_arrive(station: Station, speech: SpeechClient) -> None:
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    speech.say(
        "x", id="a", lang="en", voice="v", priority="info", ttl_s=9, key="k", on_interrupt="resume", chime="chime", repeat=2, gap_s=0.5,
        volume=0.5, speed=1.5, not_before=moment,
    )
    (message,) = station.core.messages
    assert message.payload.decode() == (
        '{"text":"x","id":"a","lang":"en","voice":"v","priority":"info","ttl_s":9,"key":"k","on_interrupt":"resume","chime":"chime",'
        '"repeat":2,"gap_s":0.5,"volume":0.5,"speed":1.5,"not_before":"2026-01-02T03:04:00+00:00"}'
    )
    with pytest.raises(ValueError, match="time zone"):
        speech.say("x", not_before=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_rejection_names_the_field(speech: SpeechClient) -> None:
    with pytest.raises(Rejected, match="speed") as caught:
        speech.say("x", speed=9)
    assert caught.value.field == "speed"
    assert caught.value.answer["status"] == "rejected"


def test_the_same_id_again(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    first, again = speech.say("x", id="a"), speech.say("x", id="a")
    assert (first.duplicate, again.duplicate) == (False, True)
    station.core.event("started", "a")
    station.core.event("played", "a")
    assert first.wait_played(20)
    assert again.wait_played(20)
    late = speech.say("x", id="a")
    assert late.duplicate
    assert late.outcome == "played"
    assert late.wait_played(0)


def test_one_id_that_begins_another(station: Station, speech: SpeechClient) -> None:
    """PUB sends by prefix; the client tells them apart."""
    station.core.kinds = ("accepted",)
    short, long = speech.say("x", id="a"), speech.say("x", id="a.b")
    station.core.event("played", "a.b")
    assert long.wait_played(20)
    assert short.outcome is None
    station.core.event("cancelled", "a")
    assert not short.wait_played(20)


def test_cancel(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    handle = speech.say("x", lang="en")
    assert handle.cancel()
    assert not handle.wait_played(20)
    assert handle.outcome == "cancelled"
    assert not handle.cancel()
    with pytest.raises(Refused, match="exactly one of id and key"):
        speech.cancel()


def test_stop_status_and_ping(speech: SpeechClient) -> None:
    assert speech.stop() is None
    assert speech.status()["state"] == "online"
    assert 0 < speech.ping() < 20


def test_preload_in_as_many_requests_as_it_takes(station: Station, speech: SpeechClient) -> None:
    texts = [f"前方{number}米右转" for number in range(450)] + ["长" * 1900] * 5
    assert speech.preload(texts, speed=1.2, pin=True) == len(texts)
    commands = [command for command in station.core.commands if isinstance(command, Prewarm)]
    assert [text for command in commands for text in command.texts] == texts
    assert {(command.speed, command.pin) for command in commands} == {(1.2, True)}
    assert speech.preload([]) == 0


def test_preload_says_what_cannot_be_rendered(station: Station, speech: SpeechClient) -> None:
    def refuse(command: Command, route: Route) -> bool:
        route.refuse("'。': nothing in it can be spoken", segments_made=1)
        return True

    station.core.on_command = refuse
    with pytest.raises(Refused, match="nothing in it can be spoken") as caught:
        speech.preload(["a", "。"])
    assert caught.value.answer["segments_made"] == 1


def test_threads_share_a_client(speech: SpeechClient) -> None:
    handles: list[Handle] = []

    def talk() -> None:
        handles.extend(speech.say("x", lang="en") for _ in range(50))

    threads = [in_thread(talk) for _ in range(4)]
    for thread in threads:
        thread.join(60)
    assert len({handle.id for handle in handles}) == 200
    assert all(handle.wait_played(20) for handle in handles)


# ---- a daemon that is away


def test_nobody_there(tmp_path) -> None:
    with SpeechClient(tmp_path, timeout_s=0.1) as speech:
        for ask in (lambda: speech.say("x", id="a"), speech.stop, speech.status, speech.ping, lambda: speech.cancel(id="a")):
            with pytest.raises(NoAnswer, match=r"no answer from the daemon at ipc://.*: there is no such socket"):
                ask()
        with pytest.raises(NoAnswer):
            speech.preload(["x"], timeout_s=0.1)
        with pytest.raises(NoAnswer) as caught:
            speech.say("x", id="a")
        assert caught.value.id == "a"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "say.sock"))
        with pytest.raises(NoAnswer, match="nobody listens there"):
            speech.ping()


def test_what_nobody_waits_for_any_more_is_not_said_later(station: Station) -> None:
    station.stop()
    with SpeechClient(station.folder, timeout_s=0.1) as speech:
        with pytest.raises(NoAnswer):
            speech.say("too late", lang="en")
        station.start()
        eventually(lambda: _there(speech))
    assert not station.core.messages


def test_a_client_that_is_there_first(station: Station) -> None:
    station.stop()
    with SpeechClient(station.folder, timeout_s=20) as speech:
        threading.Timer(0.3, station.start).start()
        assert speech.say("x", lang="en").wait_played(20)


def test_a_daemon_that_restarts_meanwhile(station: Station, speech: SpeechClient) -> None:
    """Its journal knows how the announcement ended; the event was published while nobody was connected."""
    station.core.kinds = ("accepted", "started")
    handle = speech.say("x", lang="en")
    station.stop()
    station.core.whereabouts[handle.id] = "played"
    station.start()
    assert handle.wait_played(20)


def test_an_event_that_got_lost(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    lost, waiting = speech.say("x", lang="en"), speech.say("x", lang="en")
    station.core.whereabouts[lost.id] = "speaking"
    assert lost.wait_started(20)
    station.core.whereabouts[lost.id] = "expired"
    assert not lost.wait_played(20)
    assert (lost.outcome, waiting.outcome) == ("expired", None)


def test_a_daemon_that_lost_its_journal(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    handle = speech.say("x", lang="en")
    station.core.whereabouts.clear()
    with pytest.raises(NoAnswer, match="knows nothing of this announcement"):
        handle.wait_played()
    assert handle.outcome is None


def test_a_daemon_that_never_comes_back_ends_every_wait(station: Station, speech: SpeechClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.client.link.PATIENCE_S", 1.5)
    station.core.kinds = ("accepted",)
    handle = speech.say("x", lang="en")
    station.stop()
    with pytest.raises(NoAnswer, match="has not been heard of"):
        handle.wait_played()
    with pytest.raises(NoAnswer):
        speech.preload(["x"])


def test_a_list_that_a_restart_left_unanswered_is_asked_for_again(station: Station, speech: SpeechClient) -> None:
    """Rendering may take longer than a daemon lives."""
    core = station.core
    core.on_command = lambda command, _route: isinstance(command, Prewarm) and len(core.commands) == 1
    made: list[int] = []
    thread = in_thread(lambda: made.append(speech.preload(["x"])))
    eventually(lambda: core.commands)
    station.stop()
    station.start()
    thread.join(20)
    assert made == [1]


@pytest.mark.parametrize("_attempt", range(10))  # for some microseconds libzmq still takes messages for a connection that is lost
def test_what_a_restart_left_unanswered_is_asked_again(station: Station, speech: SpeechClient, _attempt: int) -> None:
    """An announcement is spoken once however often it is asked for."""
    core = station.core
    core.silent = True
    told: list[Handle] = []
    thread = in_thread(lambda: told.append(speech.say("x", id="a")))
    eventually(lambda: core.messages)
    station.stop()
    core.silent, core.whereabouts["a"] = False, "waiting"
    station.start()
    thread.join(20)
    assert not told[0].duplicate
    core.event("played", "a")
    assert told[0].wait_played(20)


def test_a_wait_with_a_limit(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    handle = speech.say("x", lang="en")
    for wait in (handle.wait_started, handle.wait_played):
        with pytest.raises(NoAnswer, match=r"has not .* within 0\.05 s"):
            wait(0.05)
    with pytest.raises(TimeoutError):
        handle.wait_played(0)
    assert handle.outcome is None


def test_closing_tells_who_waits(station: Station) -> None:
    station.core.kinds = ("accepted",)
    speech = SpeechClient(station.folder, timeout_s=20)
    handle = speech.say("x", lang="en")
    threading.Timer(0.1, speech.close).start()
    with pytest.raises(NoAnswer, match="closed"):
        handle.wait_played()
    with pytest.raises(SpeechError, match="closed"):
        speech.say("x")
    speech.close()


def test_nonsense_from_the_daemon_is_survived(station: Station, speech: SpeechClient) -> None:
    station.core.kinds = ("accepted",)
    handle = speech.say("x", lang="en")
    topic = handle.id.encode()
    for payload in (b"", b"\xff", b"[]", b'{"id": 1}', b'{"event": "new", "id": "%s"}' % topic, b'{"event": 7, "id": "%s"}' % topic):
        station.ingress._events.append((topic, payload))
    station.ingress.publish(Event("played", handle.id, time.time(), "x"))
    assert handle.wait_played(20)


def _there(speech: SpeechClient) -> bool:
    try:
        speech.ping()
    except NoAnswer:
        return False
    return True
