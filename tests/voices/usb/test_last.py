"""What the importer leaves for the daemon to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from edge_agent.voices.usb import PackResult, StickReport, Watched, keep
from tests.voices.usb.conftest import NOW

REPORT = StickReport(NOW, (PackResult("a.vpk", None, "anna", 3),))


def test_a_result_is_news_once(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert (watched.news(), watched.last) == (None, None)
    keep(tmp_path, REPORT)
    assert watched.news() == {"at": NOW.timestamp(), **REPORT.to_dict()}
    assert watched.news() is None
    keep(tmp_path, replace(REPORT, at=NOW + timedelta(seconds=1)))
    assert watched.news()["at"] == NOW.timestamp() + 1
    assert watched.last["code"] == "S01"


def test_after_a_restart_it_is_known_and_no_news(tmp_path: Path) -> None:
    keep(tmp_path, REPORT)
    watched = Watched(tmp_path)
    assert watched.news() is None
    assert watched.last["packs"][0]["voice"] == "anna"


def test_a_damaged_file_is_no_result(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    keep(tmp_path, REPORT)
    (tmp_path / "usb.json").write_bytes(b'{"version": 1, "at"')
    assert (watched.news(), watched.last) == (None, None)
    keep(tmp_path, REPORT)
    assert watched.news()["ok"]
