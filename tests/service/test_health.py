from __future__ import annotations

from edge_agent.service.health import Health


def test_every_reason_counts_until_it_is_gone() -> None:
    health = Health()
    assert health.state() == ("online", [])
    health.degrade("cache", "the disk is full")
    health.degrade("audio", "no device")
    assert health.state() == ("degraded", ["audio: no device", "cache: the disk is full"])
    health.recover("cache")
    assert health.state() == ("degraded", ["audio: no device"])
    health.note("audio", None)
    assert health.state() == ("online", [])


def test_tells_news_only() -> None:
    told = []
    health = Health(lambda: told.append(health.state()))
    health.recover("audio")
    health.note("audio", "gone")
    health.note("audio", "gone")
    health.note("audio", "still gone")
    health.note("audio", None)
    assert told == [("degraded", ["audio: gone"]), ("degraded", ["audio: still gone"]), ("online", [])]
