from __future__ import annotations

from edge_agent.events import VOICE, Event
from edge_agent.voice_news import CHANGES, VoiceNews
from edge_agent.voices.store import audit
from tests.voices.store.conftest import clock, depot, make_store, nobody_waits_for_the_disk, store  # noqa: F401 (fixtures)


def test_what_is_done_is_told_once_and_what_was_done_before_is_not(store, depot) -> None:  # noqa: F811
    told: list[Event] = []
    store.install(depot.pack(6), by="usb")
    news = VoiceNews(store.book, told.append)
    news.tell("default")
    assert told == []
    store.install(depot.pack(7), by="fleet")
    store.roll_back("anna", by="daemon", failed="it crashes", seq=7)
    for _ in range(2):
        news.tell("anna")
    about = {"voice": "anna", "speaking": "anna"}
    assert [event.detail for event in told] == [
        {"change": "installed", "seq": 7, "by": "fleet", **about},
        {"change": "rolled_back", "seq": 6, "by": "daemon", "reason": "it crashes", **about},
    ]
    assert {(event.kind, event.id) for event in told} == {(VOICE, "voice")}
    store.delete("anna", by="cli")
    news.tell(None)
    assert [event.detail["change"] for event in told[2:]] == ["deleted"], "that it was begun is not told"


def test_a_log_that_cannot_be_read_is_told_of_later(store, depot, caplog) -> None:  # noqa: F811
    told: list[Event] = []
    store.install(depot.pack(6), by="usb")
    news = VoiceNews(store.book, told.append)
    kept = store.layout.audit.read_bytes()
    store.layout.audit.unlink()
    store.layout.audit.mkdir()
    news.tell("default")
    assert "audit log unreadable" in caplog.text
    store.layout.audit.rmdir()
    store.layout.audit.write_bytes(kept)
    store.install(depot.pack(7), by="usb")
    news.tell("anna")
    assert [event.detail["seq"] for event in told] == [7]


def test_listeners_know_the_changes() -> None:
    assert CHANGES == ("installed", "refused", "activated", "rolled_back", "expired", "revoked", "deleted")
    assert set(CHANGES) < set(audit.EVENTS)
