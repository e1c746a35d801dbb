from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.announcement import Announcement, Outcome
from edge_agent.clock import SystemClock
from edge_agent.config import Config, load
from edge_agent.journal import Journal
from edge_agent.phrases import PhraseCache
from edge_agent.service.doctor import Finding, Verdict
from edge_agent.service.maintenance import DAY_S, TASKS, maintain, tend_cache, tend_journal, tend_leftovers


@pytest.fixture
def config(tmp_path: Path) -> Config:
    environ = {"HOME": str(tmp_path), "EDGE_AGENT__CACHE__FLOOR_MIB": "0"}
    return load(Path(os.devnull), environ=environ).config


def only(findings: Any) -> Finding:
    (finding,) = findings
    return finding


def keep(config: Config, number: int) -> str:
    key = f"{number}{'f' * 63}"
    cache = PhraseCache(config.paths.phrases, floor_bytes=0)
    pcm = np.full(24_000, 0.1, np.float32)
    cache.put(key, pcm, text="请取票", lang="zh", voice_id="a", sample_rate=24_000)
    cache.close()
    return key


def test_a_new_device(config: Config) -> None:
    config.paths.state_dir.mkdir(parents=True)
    findings = list(maintain(config))
    assert {finding.name for finding in findings} == set(TASKS)
    assert {finding.verdict for finding in findings} == {Verdict.OK}


def test_a_damaged_recording_is_dropped_and_the_others_stay(config: Config) -> None:
    damaged, whole = keep(config, 0), keep(config, 1)
    (path,) = (config.paths.phrases / "audio").glob(f"{damaged}*")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    finding = only(tend_cache(config))
    assert (finding.verdict, finding.data["dropped"], finding.data["entries"]) == (Verdict.WARN, 1, 1)
    assert not path.exists()
    assert only(tend_cache(config)).verdict is Verdict.OK
    cache = PhraseCache(config.paths.phrases, floor_bytes=0)
    assert cache.get(whole) is not None
    cache.close()


class TestJournal:
    def test_old_ends_are_forgotten_and_what_waits_is_not(self, config: Config) -> None:
        class LongAgo(SystemClock):
            def now(self) -> float:
                return super().now() - 30 * DAY_S

        journal = self.journal(config, LongAgo())
        for name in ("ended", "waiting"):
            journal.accept(Announcement(id=name, text="x", received_at=0.0, expires_at=2e10, source="mqtt"))
        journal.finish("ended", Outcome.PLAYED)
        journal.close()
        assert only(tend_journal(config)).data["forgotten"] == 1
        journal = self.journal(config, SystemClock())
        assert [pending.announcement.id for pending in journal.pending()] == ["waiting"]
        journal.close()

    def test_a_running_daemon_is_left_alone(self, config: Config) -> None:
        journal = self.journal(config, SystemClock())
        assert only(tend_journal(config)).data == {"busy": True}
        journal.close()

    def test_a_damaged_one_is_said(self, config: Config) -> None:
        config.paths.state_dir.mkdir(parents=True)
        config.paths.journal.write_bytes(b"not a database, not at all" * 100)
        finding = only(tend_journal(config))
        assert finding.verdict is Verdict.FAIL
        assert ".aside-" in finding.what

    @staticmethod
    def journal(config: Config, clock: SystemClock) -> Journal:
        config.paths.state_dir.mkdir(parents=True, exist_ok=True)
        return Journal(config.paths.journal, clock=clock)


def test_only_our_own_old_leftovers_go(config: Config, tmp_path: Path) -> None:
    folder = config.paths.state_dir
    folder.mkdir(parents=True)
    stamp = "20200101T000000Z"
    gone = [f"journal.db.aside-{stamp}", f"journal.db.aside-{stamp}-wal", ".settings.json.tmp"]
    kept = ["journal.db", "notes.tmp", "aside", f"journal.db.aside-{stamp}.2", ".new.json.1.tmp"]
    for name in gone + kept:
        (folder / name).write_text("x")
    for name in gone + kept[:3]:
        os.utime(folder / name, (time.time() - 40 * DAY_S,) * 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x")
    os.utime(elsewhere, (0, 0))
    (folder / ".link.tmp").symlink_to(elsewhere)
    assert only(tend_leftovers(config)).data["deleted"] == len(gone)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*kept, ".link.tmp"])
    assert elsewhere.exists()
