from __future__ import annotations

import pytest

from edge_agent.demo.timeline import WORDS, timeline


def test_stages_are_counted_from_publishing_and_in_order() -> None:
    events = [
        {"event": "accepted", "received_at": 1000.020},
        {"event": "played", "at": 1002.010, "received_at": 1002.015, "stages": {"received": 0.0, "normalised": 0.004, "drained": 2.0}},
    ]
    rows = timeline(1000.0, events)
    assert [row["what"] for row in rows] == [
        "published by mosquitto_pub", WORDS["normalised"], "event accepted received", WORDS["drained"], "event played received",
    ]  # fmt: skip
    assert [row["at_ms"] for row in rows] == pytest.approx([0.0, 14.0, 20.0, 2010.0, 2015.0], abs=0.01)


def test_an_announcement_that_was_refused_has_no_stages() -> None:
    rows = timeline(1000.0, [{"event": "rejected", "at": 1000.01, "received_at": 1000.02}])
    assert [row["what"] for row in rows] == ["published by mosquitto_pub", "event rejected received"]
