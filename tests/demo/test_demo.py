"""The demonstration as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import soundfile

TEXT = "请到三号窗口。Gate 5 is open."


def demonstrate(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent.demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env=os.environ | (environ or {}), check=False)


def test_it_leaves_sound_picture_and_timeline(tmp_path) -> None:
    out = tmp_path / "out"
    done = demonstrate("--out", str(out), "--text", TEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((out / "timeline.json").read_text())
    assert told["text"] == TEXT
    assert [event["event"] for event in told["events"]] == ["accepted", "started", "played"]
    assert [row["at_ms"] for row in told["timeline"]] == sorted(row["at_ms"] for row in told["timeline"])
    samples, rate = soundfile.read(out / "announcement.wav", always_2d=True)
    assert abs(samples).max() > 0.1
    assert len(samples) / rate > told["events"][-1]["audio_s"] - 0.1
    assert (out / "announcement.png").read_bytes().startswith(b"\x89PNG")
    assert "first frame accepted by ALSA" in done.stdout


def test_a_text_that_cannot_be_spoken_is_explained(tmp_path) -> None:
    done = demonstrate("--out", str(tmp_path), "--text", "。。。")
    assert done.returncode == 1
    assert "rejected" in done.stderr
    assert "no word to speak" in done.stderr


def test_without_a_client_it_says_what_to_install(tmp_path) -> None:
    done = demonstrate("--out", str(tmp_path), environ={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "apt-get install mosquitto mosquitto-clients" in done.stderr
