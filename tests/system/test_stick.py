"""A stick that was imported beside a running daemon: everybody learns of it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from edge_agent.client import SpeechClient
from edge_agent.voices.usb import PackResult, StickReport, keep
from tests.rigs.alsa import NullSink
from tests.rigs.daemon import BASE
from tests.rigs.mqtt_peer import eventually

REPORT = StickReport(datetime.now(timezone.utc), (PackResult("anna.vpk", "forged"),))


def test_event_health_and_status_tell_of_it(mosquitto, peer, daemon, null_sink: NullSink, tmp_path: Path) -> None:
    broker = mosquitto()
    watcher = peer(broker.port).subscribe(f"{BASE}/event", f"{BASE}/health")
    settings = {"audio": {"device": null_sink.device}, "zmq": {"socket_dir": str(tmp_path / "run")}}
    device = daemon(broker.port, settings)
    eventually(lambda: watcher.on(f"{BASE}/health"), "the first health message")
    assert watcher.on(f"{BASE}/health")[0]["last_stick"] is None
    keep(device.folder / "state", REPORT)
    eventually(lambda: watcher.on(f"{BASE}/event"), "the event")
    (event,) = watcher.on(f"{BASE}/event")
    assert (event["event"], event["id"], event["code"], event["ok"]) == ("provisioned", "usb", "E10", False)
    assert event["packs"] == REPORT.to_dict()["packs"]
    eventually(lambda: (watcher.on(f"{BASE}/health")[-1]["last_stick"] or {}).get("code") == "E10", "the health message")
    with SpeechClient(tmp_path / "run", timeout_s=20) as client:
        assert client.status()["last_stick"]["code"] == "E10"
