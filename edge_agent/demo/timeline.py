"""What took how long, from the events of one announcement."""

from __future__ import annotations

from typing import Any

WORDS = {
    "normalised": "text read and planned",
    "journaled": "announcement durable in the journal; PUBACK",
    "first_pcm": "first sound from the voice (or the phrase cache)",
    "first_frame": "first frame accepted by ALSA",
    "drained": "last frame played",
}


def timeline(published: float, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of {``at_ms`` since publishing, ``what``}, in order.

    The daemon counts its stages from the arrival of the message; that moment is reckoned from the last event, which says
    when it was made and how long after arrival that was.
    """
    last = events[-1]
    stages: dict[str, float] = last.get("stages", {})
    arrival = last["at"] - max(stages.values(), default=0.0)
    rows = [{"at_ms": 0.0, "what": "published by mosquitto_pub"}]
    rows += [{"at_ms": 1e3 * (arrival - published + stages[name]), "what": words} for name, words in WORDS.items() if name in stages]
    rows += [{"at_ms": 1e3 * (event["received_at"] - published), "what": f"event {event['event']} received"} for event in events]
    return sorted(rows, key=lambda row: row["at_ms"])
