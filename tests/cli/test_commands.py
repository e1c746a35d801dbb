from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.cli.bench import summary
from edge_agent.cli.capacity import markdown
from edge_agent.cli.listen import in_words
from edge_agent.cli.output import shorten, size
from edge_agent.client.requests import batches
from edge_agent.config import load
from edge_agent.events import Event
from edge_agent.phrases import PhraseCache
from edge_agent.synthesis.providers import Candidate, Trial
from tests.cli.conftest import Answering, EdgeAgent
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer

Daemon = Callable[..., Answering]
Later = Callable[[Callable[[], object]], None]


class TestListen:
    def test_follows_events(self, edge_agent: EdgeAgent, daemon: Daemon, broker: Mosquitto, later: Later) -> None:
        answering = daemon()
        later(lambda: self.publish(answering, broker))
        result = edge_agent("listen", "--count", 2)
        assert result.code == 0
        assert [line.split()[1:3] for line in result.lines] == [["accepted", "a"], ["played", "a"]]
        assert 'why="测试"' in result.lines[1]
        assert "listening to voice/store/kiosk-1/event" in result.err

    def test_of_one_announcement_as_json(self, edge_agent: EdgeAgent, daemon: Daemon, broker: Mosquitto, later: Later) -> None:
        answering = daemon()
        later(lambda: self.publish(answering, broker, first="b"))
        result = edge_agent("listen", "--json", "--id", "a", "--count", 1)
        assert result.json()["event"] == "played"

    def test_what_is_allowed_is_said_once(self) -> None:
        event = {"event": "rejected", "id": "a", "reason": 'lang is "fr"; allowed: zh, en', "field": "lang", "allowed": "zh, en"}
        assert in_words(event) == '--:--:-- rejected    a reason="lang is \\"fr\\"; allowed: zh, en" field="lang"'
        assert in_words({**event, "reason": "no"}).endswith('field="lang" allowed="zh, en"')

    @staticmethod
    def publish(answering: Answering, broker: Mosquitto, first: str = "a") -> None:
        while "Received SUBSCRIBE from edge-agent-tool" not in broker.log():
            time.sleep(0.01)
        peer = Peer(broker.port)
        peer.publish("voice/store/kiosk-1/event", b"\xff not an event")
        peer.publish("voice/store/kiosk-1/event", '{"event": 5, "id": "a"}')
        peer.close()
        answering.ingress.publish(Event("accepted", first, 0.0, "mqtt"))
        answering.ingress.publish(Event("played", "a", 0.0, "mqtt", detail={"why": "测试"}))


class TestStatus:
    def test_online_with_figures(self, edge_agent: EdgeAgent, daemon: Daemon, broker: Mosquitto) -> None:
        answering = daemon()
        peer = Peer(broker.port).subscribe("voice/store/kiosk-1/health")
        answering.ingress.publish_health({"queue_length": 3, "engine": {"voice": "default"}})
        while not peer.received:
            time.sleep(0.01)
        peer.close()
        result = edge_agent("status")
        assert result.code == 0
        assert result.lines[0].startswith("store/kiosk-1 is online since ")
        assert any(line.split() == ["queue_length", "3"] for line in result.lines)
        assert edge_agent("status", "--json").json()["health"]["queue_length"] == 3

    def test_degraded_and_offline(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        answering = daemon()
        answering.ingress.set_status("degraded", ["audio: no device"])
        while (result := edge_agent("status")).code == 0:
            time.sleep(0.01)
        assert result.code == 11
        assert result.lines[0].endswith("audio: no device")
        answering.ingress.stop()
        assert edge_agent("status").code == 12

    def test_never_seen(self, edge_agent: EdgeAgent, broker: Mosquitto) -> None:
        result = edge_agent("status")
        assert result.code == 12
        assert "has never reported" in result.out
        assert edge_agent("status", "--json").json()["status"] is None


class TestCache:
    @pytest.fixture
    def phrases(self, edge_agent: EdgeAgent) -> None:
        """Three phrases; edge_agent has set the home that they are in."""
        cache = PhraseCache(load().config.paths.phrases, floor_bytes=0)
        for number, (text, voice) in enumerate([("请取票", "a"), ("请取票", "b"), ("Mind the gap", "a")]):
            pcm = np.full(24_000, 0.1, np.float32)
            cache.put(f"{number}{'f' * 63}", pcm, text=text, lang="zh", voice_id=voice, sample_rate=24_000, synthesis_s=0.5)
        cache.get("0" + "f" * 63)
        cache.close()

    def test_list(self, edge_agent: EdgeAgent, phrases: None) -> None:
        listed = edge_agent("cache", "list", "--json").json()
        assert {entry["text"] for entry in listed} == {"请取票", "Mind the gap"}
        assert edge_agent("cache", "list", "--limit", 1).lines[1].split()[0] == "0fffffffffff", "the last used comes first"
        assert len(edge_agent("cache", "list", "--text", "gap").lines) == 2

    def test_stats(self, edge_agent: EdgeAgent, phrases: None) -> None:
        stats = edge_agent("cache", "stats", "--json").json()
        assert (stats["entries"], stats["hits"], stats["hit_rate"]) == (3, 1, 1.0)
        assert "hit rate 100.0%" in edge_agent("cache", "stats").out

    def test_pin_and_unpin(self, edge_agent: EdgeAgent, phrases: None) -> None:
        assert edge_agent("cache", "pin", "请取票", "2ff").code == 0
        pinned = [entry["key"][0] for entry in edge_agent("cache", "list", "--json").json() if entry["pinned"]]
        assert sorted(pinned) == ["0", "1", "2"], "by text in every voice, by key just the one"
        assert edge_agent("cache", "unpin", "1f").code == 0
        assert edge_agent("cache", "stats", "--json").json()["pinned"] == 2
        assert "no cached phrase" in edge_agent("cache", "pin", "nothing like it").err
        assert "more than one" in edge_agent("cache", "pin", "").err

    def test_clear(self, edge_agent: EdgeAgent, phrases: None, monkeypatch: pytest.MonkeyPatch) -> None:
        edge_agent("cache", "pin", "Mind the gap")
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert edge_agent("cache", "clear").code == 130, "nobody said yes"
        assert edge_agent("cache", "clear", "--yes", "--voice", "b").out == "1 deleted\n"
        assert edge_agent("cache", "clear", "--yes").out == "1 deleted\n"
        assert edge_agent("cache", "clear", "--yes", "--pinned").out == "1 deleted\n"

    def test_prewarm(self, edge_agent: EdgeAgent, daemon: Daemon, tmp_path: Path) -> None:
        def reply(command: Any, route: Any) -> None:
            route.answer(texts=len(command.texts), segments_made=2 * len(command.texts), texts_failed=0)

        answering = daemon(reply=reply)
        (tmp_path / "phrases.txt").write_text("# 号码\n一\n\n二\n", encoding="utf-8")
        result = edge_agent("cache", "prewarm", "three", "--file", tmp_path / "phrases.txt", "--lang", "zh", "--pin")
        assert (result.code, result.out) == (0, "3 of 3 texts are ready, 6 segments were made for it\n")
        (command,) = answering.commands
        assert (command.texts, command.lang, command.pin) == (("three", "一", "二"), "zh", True)

    def test_prewarm_in_part(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        daemon(reply=lambda _command, route: route.refuse("'...': nothing to speak", texts=2, segments_made=1, texts_failed=1))
        result = edge_agent("cache", "prewarm", "one", "...")
        assert (result.code, result.out) == (1, "1 of 2 texts are ready, 1 segments were made for it\n")
        assert "nothing to speak" in result.err

    def test_prewarm_without_an_answer(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        daemon(reply=lambda _command, _route: None)
        assert edge_agent("cache", "prewarm", "one", "--timeout-s", 1).code == 9

    def test_prewarm_without_a_daemon(self, edge_agent: EdgeAgent, broker: Mosquitto) -> None:
        assert "is not connected" in edge_agent("cache", "prewarm", "one").err

    def test_batches_fit_a_message(self) -> None:
        texts = ["很" * 1000] * 20 + ["a"] * 500
        cut = list(batches(texts))
        assert [text for batch in cut for text in batch] == texts
        assert all(len(json.dumps({"texts": batch}, ensure_ascii=False).encode()) < 16 * 1024 for batch in cut)
        assert max(map(len, cut)) == 200


class TestVoice:
    def test_list(self, edge_agent: EdgeAgent) -> None:
        (voice,) = edge_agent("voice", "list", "--json").json()
        assert (voice["id"], voice["active"], voice["languages"]) == ("default", True, ["zh", "en"])
        head, row = edge_agent("voice", "list").lines[:2]
        assert head.split()[:3] == ["id", "seq", "name"]
        assert row.startswith("*  default")

    def test_one_that_is_configured_and_missing(self, edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDGE_AGENT__VOICE__ID", "nobody")
        result = edge_agent("voice", "list", "--json")
        assert "there is no voice 'nobody'" in result.err
        assert [voice["active"] for voice in result.json()] == [True], "the one that ships speaks instead"


class TestConfig:
    def test_check(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        assert edge_agent("config", "check").out == "no configuration file, defaults only: right\n"
        path = tmp_path / "config.toml"
        path.write_text("[mqtt]\nprt = 1\n\n[log]\nlevel = 5\n")
        result = edge_agent("--config", path, "config", "check")
        assert result.code == 1
        assert result.lines == [
            f"{path}:2: mqtt.prt is not a known key (did you mean port?)",
            f"{path}:5: log.level is 5; allowed: debug, info, warning or error",
        ]
        found = edge_agent("--config", path, "config", "check", "--json").json()
        assert found[0] == {"key": "mqtt.prt", "message": "is not a known key (did you mean port?)", "origin": f"{path}:2"}

    def test_show(self, edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDGE_AGENT__MQTT__USERNAME", "me")
        monkeypatch.setenv("EDGE_AGENT__MQTT__PASSWORD", "hush")
        shown = edge_agent("config", "show").out
        assert 'username = "me"  # $EDGE_AGENT__MQTT__USERNAME' in shown
        assert "hush" not in shown + edge_agent("config", "show", "--json").out

    def test_init(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "config.toml"
        assert edge_agent("config", "init", "--output", path).out == f"{path}\n"
        assert edge_agent("--config", path, "config", "check").code == 0
        path.write_text("mine")
        result = edge_agent("config", "init", "--output", path)
        assert (result.code, path.read_text()) == (2, "mine")
        assert edge_agent("config", "init", "--output", path, "--force").code == 0
        assert path.read_text() == edge_agent("config", "init", "--output", "-").out


class TestDoctor:
    def test_only_what_is_asked(self, edge_agent: EdgeAgent) -> None:
        result = edge_agent("doctor", "python", "cache")
        assert result.code == 0
        assert [line.split()[1] for line in result.lines] == ["config", "python", "cache"]

    def test_a_wrong_configuration_does_not_stop_the_others(self, edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDGE_AGENT__LOG__LEVEL", "loud")
        result = edge_agent("doctor", "--json", "python")
        assert result.code == 1
        assert [(finding["name"], finding["verdict"]) for finding in result.json()] == [("config", "fail"), ("python", "ok")]

    def test_a_fault_comes_with_its_fix(self, edge_agent: EdgeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDGE_AGENT__VOICE__ID", "nobody")
        result = edge_agent("doctor", "voice")
        assert result.code == 1
        assert result.lines[1].startswith("fail  voice")
        assert result.lines[2].strip().startswith("-> Install it")


class TestBench:
    def test_measures_every_sentence(self, edge_agent: EdgeAgent) -> None:
        result = edge_agent("bench", "--runs", 1, "--json")
        assert result.code == 0, result.err
        figures = result.json()
        assert set(figures["speech"]) == {"zh", "en", "mixed"}
        for speech in figures["speech"].values():
            assert 0 < speech["first_pcm_s"]["p50"] <= speech["total_s"]["p50"]
            assert speech["audio_s"] > 1
        assert figures["cache_hit"]["hit_s"]["p50"] > 0

    def test_prints_a_table(self, edge_agent: EdgeAgent) -> None:
        assert "real-time factor" in edge_agent("bench", "--runs", 1).out

    def test_the_capacity_sheet(self, edge_agent: EdgeAgent) -> None:
        result = edge_agent("bench", "--report", "--runs", 1, "--json")
        assert result.code == 0, result.err
        sheet = result.json()
        for each in sheet["speech"].values():
            assert 0 < each["first_sound_ms"] < 1e3 * each["wall_s_per_audio_s"] * each["audio_s"] + 1
            assert each["cpu_s_per_audio_s"] > 0
        assert [trial["why"] for trial in sheet["providers"] if trial["candidate"]["provider"] == "CPUExecutionProvider"] == [None]
        assert sheet["chosen"]["provider"] in {trial["candidate"]["provider"] for trial in sheet["providers"] if trial["why"] is None}
        printed = markdown(sheet)
        assert "| usual |" in printed
        assert "| the processor" in printed
        sheet["providers"].append(Trial(Candidate("CUDAExecutionProvider"), "no kernel image").to_json())
        assert "| CUDA | no: no kernel image |" in markdown(sheet)

    def test_a_percentile_of_few_values_is_the_largest(self) -> None:
        assert summary([3.0, 1.0, 2.0]) == {"p50": 2.0, "p95": 3.0}
        assert summary([float(value) for value in range(100)])["p95"] == 95.0


def test_text_is_cut_by_its_width() -> None:
    assert shorten("two\n words", 20) == "two words"
    assert shorten("汉字很宽", 5) == "汉字…"


def test_sizes() -> None:
    assert [size(n) for n in (5, 2048, 3 * 2**20, 5 * 2**30)] == ["5 B", "2.0 KiB", "3.0 MiB", "5.0 GiB"]
