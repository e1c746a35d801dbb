"""A stick for a technician holds what a device takes, and nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.usb import export_stick
from tests.voices.usb.conftest import Stick, Voice


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "anna_3.vpk"
    path.write_text("anna 3")
    return path


def test_what_is_exported_is_imported(stick: Stick, pack: Path) -> None:
    (stick.folder / "System Volume Information").mkdir()
    (stick.folder / ".fseventsd").mkdir()  # a formatted stick is not always empty
    export_stick([pack], stick.folder)
    assert stick.read().code == "S01"
    assert stick.store.taken == [Voice("anna", 3)]
    assert (stick.folder / "log").is_dir()
    readme = (stick.folder / "README.TXT").read_bytes()
    assert readme.startswith(b"\xef\xbb\xbfVOICE PACKS")  # else some editors do not read Mandarin
    assert readme.count(b"\n") == readme.count(b"\r\n")


@pytest.mark.parametrize("name", ["anna.zip", ".anna.vpk", "a\nb.vpk", f"{'x' * 130}.vpk"])
def test_names_no_device_would_take(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("anna 3")
    with pytest.raises(EdgeAgentError, match="is no name for a pack"):
        export_stick([tmp_path / name], tmp_path / "stick")


def test_faults_are_found_before_anything_is_written(tmp_path: Path, pack: Path) -> None:
    stick = tmp_path / "stick"
    empty = tmp_path / "empty.vpk"
    empty.touch()
    with pytest.raises(EdgeAgentError, match="not a file of 1 to"):
        export_stick([pack, empty], stick)
    with pytest.raises(EdgeAgentError, match="cannot be read"):
        export_stick([pack, tmp_path / "gone.vpk"], stick)
    twin = tmp_path / "other" / "ANNA_3.VPK"
    twin.parent.mkdir()
    twin.write_text("anna 4")
    with pytest.raises(EdgeAgentError, match="same name"):
        export_stick([pack, twin], stick)
    with pytest.raises(EdgeAgentError, match="0 packs"):
        export_stick([], stick)
    assert not stick.exists()


def test_somebody_elses_files_are_left_alone(tmp_path: Path, pack: Path) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "thesis.doc").touch()
    with pytest.raises(EdgeAgentError, match="is not empty"):
        export_stick([pack], tmp_path / "stick")


def test_a_stick_that_is_too_small_keeps_no_part_of_a_pack(tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        export_stick([pack], tmp_path / "stick")
    assert list((tmp_path / "stick").iterdir()) == []


class TestMidway:
    """A stick that fills, fails or is given up while the second of two packs is written."""

    @pytest.fixture
    def packs(self, tmp_path: Path, pack: Path) -> list[Path]:
        other = tmp_path / "bert_1.vpk"
        other.write_text("bert 1")
        return [pack, other]

    @pytest.fixture(params=[OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()], ids=["fails", "given up"])
    def failure(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BaseException:
        n_synced = 0

        def fsync(_descriptor: int) -> None:
            nonlocal n_synced
            n_synced += 1
            if n_synced == 2:
                raise request.param

        monkeypatch.setattr(os, "fsync", fsync)
        return request.param

    def test_another_attempt_completes_it(self, tmp_path: Path, packs: list[Path], failure: BaseException) -> None:
        with pytest.raises(type(failure)):
            export_stick(packs, tmp_path / "stick")
        assert list((tmp_path / "stick").iterdir()) == []
        export_stick(packs, tmp_path / "stick")
        assert sorted(path.name for path in (tmp_path / "stick").iterdir()) == ["README.TXT", "anna_3.vpk", "bert_1.vpk", "log"]

    @pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error")], indirect=True)
    def test_what_cannot_be_removed_is_named(
        self, tmp_path: Path, packs: list[Path], failure: BaseException, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlink(_path: Path, missing_ok: bool = False) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "unlink", unlink)
        with pytest.raises(EdgeAgentError, match=r"Input/output error.*is not complete, remove from it: anna_3\.vpk, bert_1\.vpk"):
            export_stick(packs, tmp_path / "stick")
