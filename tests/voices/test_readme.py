"""edge_agent/voices/README.md: its commands run in their order, and its tables are complete."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import pytest

import edge_agent.voices
from edge_agent.voices.catalog import BUILT_IN
from edge_agent.voices.pack import Limits, Manifest, Reason
from quantize.gptsovits import cli as gptsovits_cli
from tests.cli.test_voice_pack import voice  # noqa: F401 (fixture)

TEXT = (Path(edge_agent.voices.__file__).parent / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def run(script: str, folder: Path) -> str:
    """Standard output of a script on a computer of its own."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "edge-agent").write_text(f'#!/bin/sh\nexec {sys.executable} -m edge_agent "$@"\n')
    (programs / "edge-agent").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(edge_agent.__file__).parents[1]),
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "DEVICE_KEYS": str(folder / "state" / "edge-agent" / "keys"),
    }
    command = ["bash", "-c", f"set -euo pipefail\n{script}"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_commands_work_as_they_stand(voice: Path) -> None:  # noqa: F811 (the fixture)
    told = run("\n".join(BLOCKS), voice.parent)
    assert "anna_7.vpk: good; voice anna 1.2.0 (seq 7)" in told
    assert "again.vpk: good; voice anna 1.2.0 (seq 7)" in told
    assert told.count("Signature and comment signature verified") == 3


def test_the_voice_that_ships_can_be_signed_anew(tmp_path: Path) -> None:
    shutil.copytree(BUILT_IN, tmp_path / "edge_agent" / "voices" / "default")
    (block,) = re.findall(r"```bash\n(.*?)```", section("Sign the voice that ships"), re.DOTALL)
    shipped = json.loads((BUILT_IN / "manifest.json").read_text())["seq"]
    assert f"default: good; voice default 1.0.0 (seq {shipped})" in run(block, tmp_path)


def test_the_way_of_a_persons_voice_has_the_commands_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    import quantize.cli
    from distill import __main__ as distill
    from edge_agent.cli.app import app

    blocks = re.findall(r"```bash\n(.*?)```", section("From a person to a voice on a device"), re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    parsed = []
    monkeypatch.setattr(distill, "_enrol", lambda options: parsed.append(options.recordings))
    monkeypatch.setattr(quantize.cli, "_student", lambda options, _given: parsed.append(options.recipe))
    monkeypatch.setattr(gptsovits_cli, "_import", lambda options, _given: parsed.append(options.consent))
    mains = {"distill": distill.main, "quantize": quantize.cli.main}
    for program, *arguments in commands:
        if program == "python":
            assert mains[arguments[1]](arguments[2:]) == 0
        else:
            group, name, *rest = arguments
            command = app.get_command(click.Context(app), group).get_command(click.Context(app), name)
            wanted = {option for parameter in command.params for option in parameter.opts}
            assert {each for each in rest if each.startswith("--")} <= wanted, arguments
            parsed.append(name)
    reference = Path("reference.wav")
    assert parsed[0][-1] == reference, "the recording that is cloned is consented to"
    assert parsed[1:] == [Path("anna-enrolment/consent.json"), Path("anna.toml"), "build", "sign", "seal", "install"]


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
