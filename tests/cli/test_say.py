from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_agent.announcement import OnInterrupt, Priority
from edge_agent.cli import announce
from edge_agent.playback.loudness import integrated_lufs
from tests.cli.conftest import Answering, EdgeAgent
from tests.rigs.mosquitto import Mosquitto
from tests.rigs.small_disk import SmallDisk, small_disk  # noqa: F401 (fixture)

Daemon = Callable[..., Answering]


def first_told(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the command has heard the first event."""
    told, in_words = threading.Event(), announce.in_words
    monkeypatch.setattr(announce, "in_words", lambda event: (told.set(), in_words(event))[1])
    return told


class TestThroughTheDaemon:
    def test_waits_until_it_was_played(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        answering = daemon(detail={"audio_s": 1.5})
        result = edge_agent("say", "请37号到5号窗口")
        assert result.code == 0
        assert [line.split()[1] for line in result.lines] == ["accepted", "started", "played"]
        assert "audio_s=1.5" in result.lines[-1]
        assert answering.announcements[0].text == "请37号到5号窗口"

    def test_every_option_arrives(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        answering = daemon()
        options = (
            "--lang zh --voice anna --priority important --ttl 60 --key k --chime dingdong --id gate-7 --speed 1.5 --volume 0.5"
            " --repeat 2 --on-interrupt resume"
        ).split()
        assert edge_agent("say", *options, "text").code == 0
        said = answering.announcements[0]
        assert (said.id, said.lang, said.voice, said.priority, said.key) == ("gate-7", "zh", "anna", Priority.IMPORTANT, "k")
        assert (said.chime, said.speed, said.volume, said.repeat, said.on_interrupt) == ("dingdong", 1.5, 0.5, 2, OnInterrupt.RESUME)
        assert answering.expiries_s == [60], "the broker knows too when to forget it"

    @pytest.mark.parametrize(
        ("kind", "code"),
        [("rejected", 3), ("expired", 4), ("superseded", 5), ("cancelled", 6), ("dropped", 7), ("failed", 8)],
    )
    def test_every_end_has_an_exit_status(self, edge_agent: EdgeAgent, daemon: Daemon, kind: str, code: int) -> None:
        daemon(kinds=("accepted", kind), detail={"reason": "because"})
        result = edge_agent("say", "text")
        assert result.code == code
        assert 'reason="because"' in result.lines[-1]

    @pytest.mark.parametrize("bad", [["--id", "two words", "text"], ["--key", "bad\nkey", "text"], [""], ["x" * 2001]])
    def test_what_would_be_rejected_is_not_sent(self, edge_agent: EdgeAgent, daemon: Daemon, bad: list[str]) -> None:
        answering = daemon()
        result = edge_agent("say", *bad)
        assert result.code == 3
        assert "allowed:" in result.err
        assert answering.announcements == []

    def test_need_not_wait(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        daemon(kinds=("accepted",))
        result = edge_agent("say", "--no-wait", "--json", "text")
        assert (result.code, result.json()["event"]) == (0, "accepted")

    def test_nobody_is_there(self, edge_agent: EdgeAgent, broker: Mosquitto) -> None:
        result = edge_agent("say", "text")
        assert result.code == 9
        assert "no daemon store/kiosk-1 is connected" in result.err

    def test_nobody_answers(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        daemon(kinds=())
        result = edge_agent("say", "--answer-timeout-s", 0.2, "text")
        assert result.code == 9
        assert "no answer from store/kiosk-1" in result.err
        assert "may be spoken later" in result.err

    def test_who_hears_nothing_for_long_is_told_where_to_look(
        self, edge_agent: EdgeAgent, daemon: Daemon, later: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No sound card, a long queue, a daemon that has died."""
        monkeypatch.setattr("edge_agent.cli.announce._WONDER_AFTER_S", 0.01)
        told = threading.Event()
        hint = announce._hint
        monkeypatch.setattr(announce, "_hint", lambda: (hint(), told.set()))
        answering = daemon(kinds=("accepted",))
        later(lambda: (told.wait(60), answering._publish("expired", answering.announcements[0].id, {})))
        result = edge_agent("say", "text")
        assert (result.code, [line.split()[1] for line in result.lines]) == (4, ["accepted", "expired"])
        assert result.err == "edge-agent: not spoken yet; what keeps it may be told by: edge-agent status\n"

    def test_a_daemon_that_goes_for_good_is_not_waited_for(
        self, edge_agent: EdgeAgent, daemon: Daemon, later: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(announce, "_AWAY_S", 0.01)
        told = first_told(monkeypatch)
        answering = daemon(kinds=("accepted",))
        later(lambda: (told.wait(60), answering.ingress.stop()))
        result = edge_agent("say", "--id", "gate-7", "text")
        assert (result.code, [line.split()[1] for line in result.lines]) == (9, ["accepted"])
        assert "store/kiosk-1 went offline before the end of gate-7, which may be spoken later" in result.err

    def test_a_daemon_that_is_started_anew_is_waited_for(
        self, edge_agent: EdgeAgent, daemon: Daemon, later: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def start_anew() -> None:
            told.wait(60)
            first.ingress.stop()
            daemon()._publish("played", first.announcements[0].id, {})

        told = first_told(monkeypatch)
        first = daemon(kinds=("accepted",))
        later(start_anew)
        result = edge_agent("say", "text")
        assert (result.code, [line.split()[1] for line in result.lines]) == (0, ["accepted", "played"])

    def test_a_broker_that_goes_for_good_is_not_waited_for(
        self, edge_agent: EdgeAgent, broker: Mosquitto, daemon: Daemon, later: Callable[[Callable[[], object]], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(announce, "_AWAY_S", 0.01)
        told = first_told(monkeypatch)
        daemon(kinds=("accepted",))
        later(lambda: (told.wait(60), broker.kill()))
        result = edge_agent("say", "text")
        assert (result.code, [line.split()[1] for line in result.lines]) == (10, ["accepted"])
        assert f"the broker at 127.0.0.1:{broker.port} went away before the end of" in result.err

    def test_others_events_are_not_ours(self, edge_agent: EdgeAgent, daemon: Daemon) -> None:
        answering = daemon(kinds=())
        answering.kinds = ()
        answering.submit = lambda message, ack: (ack(), answering._publish("played", "other", {}))  # type: ignore[method-assign]
        assert edge_agent("say", "--answer-timeout-s", 0.3, "text").code == 9

    def test_reads_standard_input(self, edge_agent: EdgeAgent, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
        answering = daemon()
        monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
        assert edge_agent("say", "-").code == 0
        assert answering.announcements[0].text == "from a pipe"


class TestIntoFiles:
    def test_one(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        out = tmp_path / "out.wav"
        result = edge_agent("say", "--out", out, "--json", "各位旅客请注意，the train to Beijing is about to depart.")
        assert result.code == 0, result.err
        pcm, rate = soundfile.read(out, dtype="float32")
        assert result.json()["audio_s"] == pytest.approx(len(pcm) / rate, abs=1e-3)
        assert len(pcm) / rate > 2
        assert integrated_lufs(pcm, rate) == pytest.approx(-16, abs=3)
        assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["out.wav"], "no temporary file is left"

    def test_a_voice_that_is_configured_and_missing_is_told(
        self, edge_agent: EdgeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EDGE_AGENT__VOICE__ID", "nobody")
        result = edge_agent("say", "--out", tmp_path / "out.wav", "Hello.")
        assert (result.code, "there is no voice 'nobody'" in result.err) == (0, True)
        assert edge_agent("say", "--out", tmp_path / "out.wav", "--voice", "default", "Hello.").err == ""

    def test_volume_and_chime(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        texts = {"plain.wav": (), "quiet.wav": ("--volume", "0.5"), "chimed.wav": ("--chime", "dingdong")}
        for name, options in texts.items():
            assert edge_agent("say", *options, "--out", tmp_path / name, "The doors are closing.").code == 0
        plain, quiet, chimed = (soundfile.read(tmp_path / name, dtype="float32")[0] for name in texts)
        assert np.sqrt(np.mean(quiet**2)) == pytest.approx(0.5 * np.sqrt(np.mean(plain**2)), rel=0.1)
        assert len(chimed) > len(plain) + 12_000

    def test_what_cannot_be_spoken_leaves_no_file(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        out = tmp_path / "out.wav"
        out.write_bytes(b"from before")
        result = edge_agent("say", "--out", out, "...")
        assert result.code == 1
        assert result.err.startswith("edge-agent: ")
        assert out.read_bytes() == b"from before"
        assert edge_agent("say", "--out", out, "--voice", "nobody", "text").code == 1
        assert edge_agent("say", "--out", tmp_path / "no" / "folder.wav", "text").code == 1

    def test_a_full_disk_is_said_and_nothing_is_left_on_it(self, edge_agent: EdgeAgent, small_disk: SmallDisk) -> None:  # noqa: F811
        small_disk.leave(16 << 10)
        result = edge_agent("say", "--out", small_disk.folder / "out.wav", "The doors are closing.")
        assert (result.code, result.err.startswith(f"edge-agent: {small_disk.folder / 'out.wav'}: ")) == (1, True), result.err
        assert result.err.count("\n") == 1
        assert [path.name for path in small_disk.folder.iterdir() if "wav" in path.name] == []

    def test_a_batch(self, edge_agent: EdgeAgent, tmp_path: Path) -> None:
        lines = tmp_path / "lines.txt"
        lines.write_text("请注意。\n\n...\n# closing\nThank you.\n", encoding="utf-8")
        result = edge_agent("say", "--batch", lines, "--out-dir", tmp_path / "wav", "--json")
        assert result.code == 1, "one line could not be spoken"
        assert f"{lines}:3: " in result.err
        assert [json.loads(line)["text"] for line in result.lines] == ["请注意。", "Thank you."]
        assert sorted(path.name for path in (tmp_path / "wav").iterdir()) == ["0001.wav", "0005.wav"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--out", "x.wav"],
            ["--out", "x.wav", "--priority", "info", "text"],
            ["--out", "x.wav", "--no-wait", "text"],
            ["--out-dir", "x", "text"],
            ["--batch", __file__],
            ["--batch", __file__, "--out-dir", "x", "text"],
            ["--speed", "3", "text"],
        ],
    )
    def test_options_that_do_not_go_together(self, edge_agent: EdgeAgent, arguments: list[str]) -> None:
        assert edge_agent("say", *arguments).code == 2
