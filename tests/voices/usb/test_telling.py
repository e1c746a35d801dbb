"""The daemon is told what became of a stick, through its real socket."""

from __future__ import annotations

import json
from pathlib import Path

from edge_agent.voices.usb import PackResult, StickReport, Teller
from tests.rigs.zmq_peer import Station
from tests.voices.usb.conftest import NOW

GOOD = StickReport(NOW, (PackResult("a.vpk", None, "anna", 3),))
BAD = StickReport(NOW, (PackResult("a.vpk", "forged"),))


def test_reading_then_the_result(station: Station) -> None:
    teller = Teller(station.folder, ("zh", "en"))
    teller.reading()
    assert teller.result(GOOD)
    first, second = (json.loads(message.payload) for message in station.core.messages)
    assert first["text"] == "正在读取U盘。 Reading the stick."
    assert (second["text"], second["chime"]) == ("新声音已安装。 New voice installed.", "success")
    assert first["key"] == second["key"]  # so that a "Reading" nobody has heard yet is not spoken after all
    assert first["id"] != second["id"]
    assert second["priority"] == "important"


def test_two_sticks_at_once_are_both_told_of(station: Station) -> None:
    one, other = Teller(station.folder, ("en",)), Teller(station.folder, ("en",))
    assert one.result(GOOD)
    other.reading()
    first, second = (json.loads(message.payload) for message in station.core.messages)
    assert first["key"] != second["key"], "the other's Reading would take the place of a result that was not heard yet"


def test_a_refusal_sounds_different(station: Station) -> None:
    assert Teller(station.folder, ("en",)).result(BAD)
    said = json.loads(station.core.messages[0].payload)
    assert (said["text"], said["chime"]) == ("Voice pack refused: not signed by a trusted key.", "error")


def test_nothing_is_said_in_no_language(station: Station) -> None:
    assert Teller(station.folder, ()).result(GOOD)
    assert station.core.messages == []


def test_no_daemon_costs_nothing_but_the_sentence(tmp_path: Path) -> None:
    assert not Teller(tmp_path, ("en",), patience_s=0.1).result(GOOD)
