"""A file that is there whole, or not at all, on whatever file system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_agent.voices.pack.new_file import new_file


@pytest.fixture(params=["with links", "as FAT, without"])
def out(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def refuse(*_paths: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param != "with links":
        monkeypatch.setattr(os, "link", refuse)
    return tmp_path / "anna.vpk"


def test_it_is_there_when_the_block_has_ended_well(out: Path) -> None:
    with new_file(out) as file:
        file.write(b"a voice")
        assert not out.exists()
    assert out.read_bytes() == b"a voice"
    assert list(out.parent.iterdir()) == [out]


def test_it_is_not_there_otherwise(out: Path) -> None:
    def write_half() -> None:
        with new_file(out) as file:
            file.write(b"half a voice")
            raise ValueError("no voice")

    with pytest.raises(ValueError, match="no voice"):
        write_half()
    assert list(out.parent.iterdir()) == []


def test_what_cannot_be_written_is_named(out: Path) -> None:
    with pytest.raises(OSError, match="No space left") as full, new_file(out):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert full.value.filename == str(out)
    with pytest.raises(FileNotFoundError) as lost, new_file(out.parent / "nowhere" / "anna.vpk"):
        pass
    assert lost.value.filename == str(out.parent / "nowhere" / "anna.vpk")
    assert list(out.parent.iterdir()) == []


def test_no_file_is_overwritten(out: Path) -> None:
    out.write_bytes(b"another")
    with pytest.raises(FileExistsError, match="remove it"), new_file(out):
        pass
    assert out.read_bytes() == b"another"
