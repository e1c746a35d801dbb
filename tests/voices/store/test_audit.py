from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.voices.store import audit


@pytest.fixture
def log(tmp_path: Path) -> tuple[Path, list[str]]:
    """A log of five records, and its lines."""
    path, lines = tmp_path / "audit.jsonl", []
    for number in range(5):
        last = lines[-1] if lines else ""
        lines.append(audit.next_line(last, 1e9 + number, "refused", voice="anna", seq=number, by="test", detail={"reason": "ü" * 9}))
        audit.settle(path, lines[-1])
        audit.settle(path, lines[-1])
    return path, lines


def test_records_are_numbered_and_chained(log) -> None:
    path, lines = log
    assert path.read_text() == "".join(f"{line}\n" for line in lines)
    assert [record.number for record in audit.records(path, lines[-1])] == [1, 2, 3, 4, 5]
    assert audit.check(path, lines[-1]) == []


def test_a_line_that_is_only_in_the_state_yet_is_read_too_and_none_twice(log) -> None:
    path, lines = log
    newest = audit.next_line(lines[-1], 1e9, "deleted", voice="anna", seq=1, by="test", detail={})
    assert [record.number for record in audit.records(path, newest)] == [1, 2, 3, 4, 5, 6]
    with path.open("a") as file:
        file.write(newest[:40])  # it is being written
    assert [record.number for record in audit.records(path, newest)] == [1, 2, 3, 4, 5, 6]
    assert [record.number for record in audit.records(path, lines[2])] == [1, 2, 3, 4, 5], "others wrote since the state was read"


def test_every_change_is_found(log) -> None:
    path, lines = log
    content = path.read_bytes()
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert audit.check(path, lines[-1]), position
    whole = content.splitlines(keepends=True)
    for kept in ([0, 1, 3, 4], [1, 2, 3, 4], [0, 1, 2], [0, 2, 1, 3, 4], [], [0, 1, 1, 2, 3, 4], [4]):
        path.write_bytes(b"".join(whole[number] for number in kept))
        assert audit.check(path, lines[-1]), kept
    path.unlink()
    assert audit.check(path, lines[-1])


@pytest.mark.parametrize("torn", [0, 1, 40, -1])
def test_a_line_written_in_part_is_completed(log, torn: int) -> None:
    path, lines = log
    newest = audit.next_line(lines[-1], 1e9, "deleted", voice="anna", seq=1, by="test", detail={})
    with path.open("a") as file:
        file.write(newest[:torn])
    assert audit.check(path, newest) == [], "where it cannot be completed, it is no damage"
    audit.settle(path, newest)
    assert path.read_text() == "".join(f"{line}\n" for line in [*lines, newest])
    assert audit.check(path, newest) == []


def test_rubbish_at_the_end_loses_nothing_and_stays_visible(log) -> None:
    path, lines = log
    newest = audit.next_line(lines[-1], 1e9, "deleted", voice="anna", seq=1, by="test", detail={})
    with path.open("ab") as file:
        file.write(b"\0\0\0")
    assert [damage.line for damage in audit.check(path, newest)] == [6]
    audit.settle(path, newest)
    assert json.loads(path.read_text().splitlines()[-1])["event"] == "deleted"
    assert [record.number for record in audit.records(path, newest)] == [1, 2, 3, 4, 5, 6]
    assert [damage.line for damage in audit.check(path, newest)] == [6]


@pytest.mark.parametrize("damaged", ["{", "null", '"n"', '{"n": "x"}', "\ufffd"])
def test_a_damaged_newest_line_is_found_and_stops_no_change(log, damaged: str) -> None:
    path, _ = log
    audit.settle(path, damaged)
    newest = audit.next_line(damaged, 1e9, "deleted", voice="anna", seq=1, by="test", detail={})
    audit.settle(path, newest)
    assert [damage.line for damage in audit.check(path, newest)] == [6, 7]
    assert audit.records(path, newest)[-1].event == "deleted"
