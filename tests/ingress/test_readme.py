"""edge_agent/ingress/README.md: what it shows can be sent as it stands, and its lists are complete."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import edge_agent.ingress
from edge_agent import events
from edge_agent.announcement import Announcement, Priority
from edge_agent.config import load
from edge_agent.ingress.commands import COMMANDS, read_command, read_envelope
from edge_agent.parse import parse
from edge_agent.playback import chimes
from edge_agent.templates import KINDS, Templates
from edge_agent.text.items import Chime
from edge_agent.text.say_as import READINGS
from edge_agent.text.ssml import ATTRIBUTES, is_ssml
from edge_agent.text.ssml import parse as parse_ssml

TEXT = (Path(edge_agent.ingress.__file__).parent / "README.md").read_text("utf-8")
SAYS, ASKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
NOW = 1_795_000_000.0


def names(text: str) -> set[str]:
    return {name for quoted in re.findall(r"`([^`]*)`", text) for name in quoted.replace("|", " ").split()}


def announcements() -> list[Announcement]:
    payloads = [shlex.split(line)[-1] for line in SAYS.splitlines()]
    return [parse(payload.encode(), source="mqtt:test", now=NOW) for payload in payloads]


def test_the_announcements_shown_are_accepted() -> None:
    shown = announcements()
    assert {each.priority for each in shown} >= {Priority.NORMAL, Priority.EMERGENCY, Priority.PROGRESS}
    assert {each.chime for each in shown if each.chime} <= set(chimes.names())
    parts = [part for each in shown if is_ssml(each.text) for part in parse_ssml(each.text, "auto")]
    assert [part.name for part in parts if isinstance(part, Chime)] == ["success"]


@pytest.mark.parametrize("line", ASKS.splitlines()[1:])
def test_the_commands_shown_are_accepted(line: str) -> None:
    values, _ = read_envelope(shlex.split(line, comments=True)[1].encode())
    read_command(values)


def test_every_command_is_named() -> None:
    section = TEXT.partition("\n## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r'"cmd": "(\w+)"', section)) | {"delete_voice"} == set(COMMANDS)
    assert "delete_voice" in section


def test_the_templates_shown_fit_what_is_shown(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(shown, encoding="utf-8")
    templates = Templates.parse(load(path, environ={"HOME": str(tmp_path)}).config.announcement.templates)
    assert all(templates.match(each.text) for each in announcements()[:2])
    section = TEXT.partition("\n## What repeats")[2].partition("\n## ")[0]
    assert set(KINDS) - {"text"} <= names(section)


def table(title: str) -> set[str]:
    """The names in the first column of the table below a heading."""
    section = TEXT.partition(f"\n## {title}")[2].partition("\n## ")[0]
    return set().union(*(names(row.split("|")[1]) for row in section.splitlines() if row.startswith("| `")))


@pytest.mark.parametrize(
    ("title", "known"),
    [("Announcements", {each.name.lower() for each in Priority} | {"priority"}), ("Events", set(events.KINDS) | {"event"})],
)
def test_the_tables_are_complete(title: str, known: set[Any]) -> None:
    assert table(title) == known


def test_what_can_be_marked_is_complete() -> None:
    section = TEXT.partition("\nSSML:")[2].partition("\n## ")[0]
    assert names(section) >= set(READINGS) | (set(ATTRIBUTES) - {"speak"})
    assert names(TEXT) >= set(chimes.names())
