"""The technician's table is the program's."""

from __future__ import annotations

import re
from pathlib import Path

import edge_agent.voices.usb
from edge_agent.voices.usb.sentences import READING, RESULTS

TEXT = (Path(edge_agent.voices.usb.__file__).parent / "README.md").read_text("utf-8")


def test_the_table_of_results() -> None:
    rows = dict(re.findall(r"(?m)^\| ([SE]\d\d) \| (.*?) *\|$", TEXT))
    assert rows == {row.code: f"{row.zh} {row.en} | {row.todo_en}".strip() for row in RESULTS}


def test_what_is_said_first() -> None:
    assert f"{READING.zh} {READING.en}" in TEXT
