"""edge_agent/voices/README.md: its commands run in their order, and its tables are complete."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import edge_agent.voices
from edge_agent.voices.pack import Limits, Manifest, Reason
from tests.cli.test_voice_pack import voice  # noqa: F401 (fixture)

TEXT = (Path(edge_agent.voices.__file__).parent / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_its_commands_work_as_they_stand(voice: Path, tmp_path: Path) -> None:  # noqa: F811 (the fixture)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "edge-agent").write_text(f'#!/bin/sh\nexec {sys.executable} -m edge_agent "$@"\n')
    (programs / "edge-agent").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(edge_agent.__file__).parents[1]),
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "DEVICE_KEYS": str(tmp_path / "state" / "edge-agent" / "keys"),
    }
    script = "set -euo pipefail\n" + "\n".join(BLOCKS)
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=voice.parent, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "anna_7.vpk: good; voice anna 1.2.0 (seq 7)" in done.stdout
    assert "again.vpk: good; voice anna 1.2.0 (seq 7)" in done.stdout
    assert done.stdout.count("Signature and comment signature verified") == 3


def test_every_reason_is_explained() -> None:
    assert set(re.findall(r"`([a-z_]+)`", section("Why a pack is refused"))) >= set(get_args(Reason))


def test_every_field_is_explained() -> None:
    table = section("The format, vpk/1").partition("| field | meaning |")[2].partition("\n\n")[0]
    assert {name for row in table.split("\n")[2:] for name in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1])} == {
        "format",
        *(field.name for field in dataclasses.fields(Manifest)),
    }


def test_the_limits_are_those() -> None:
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "": 1}
    found = [int(number) * units[unit] for number, unit in re.findall(r"\| (\d+) ?(KiB|MiB|) \|", section("Limits"))]
    limits = Limits()
    assert found == [
        limits.pack_bytes, limits.file_bytes, limits.manifest_bytes, limits.consent_bytes, limits.signature_bytes, limits.files
    ]  # fmt: skip
