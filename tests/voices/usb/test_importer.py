"""Sticks as strangers write them: what is good on them is installed, and nothing else happens."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from edge_agent.voices.usb import StickReport, import_stick
from edge_agent.voices.usb.folder import Limits, StickError, StickFolder
from edge_agent.voices.usb.spool import copied
from tests.voices.usb.conftest import NOW, FakeStore, Stick, Voice


def reasons(report: StickReport) -> dict[str, str | None]:
    return {pack.file: pack.reason for pack in report.packs}


def test_packs_are_installed_whatever_else_is_on_the_stick(stick: Stick) -> None:
    stick.put("anna.vpk")
    stick.put("BEN~1.VPK", "ben 7")
    stick.put("holiday.jpg")
    stick.put("._anna.vpk", "what macOS leaves")
    (stick.folder / "System Volume Information").mkdir()
    report = stick.read()
    assert reasons(report) == {"BEN~1.VPK": None, "anna.vpk": None}
    assert stick.store.taken == [Voice("ben", 7), Voice("anna", 1)]
    assert report.code == "S01"
    assert report.ok


def test_the_same_stick_twice_changes_nothing(stick: Stick) -> None:
    stick.put("anna.vpk")
    stick.read()
    report = stick.read()
    assert stick.store.taken == [Voice("anna", 1)]
    assert (report.code, report.ok) == ("S02", True)


def test_packs_for_other_devices_are_listed_and_not_spoken_of(stick: Stick) -> None:
    stick.put("anna.vpk")
    for number in range(5):
        stick.put(f"other-{number}.vpk", "wrong_device")
    report = stick.read()
    assert sum(pack.reason == "wrong_device" for pack in report.packs) == 5
    assert (report.code, report.ok) == ("S01", True)
    (stick.folder / "anna.vpk").unlink()
    assert stick.read().code == "S03"


def test_one_refused_pack_does_not_stop_the_others(stick: Stick) -> None:
    stick.put("a.vpk", "forged")
    stick.put("b.vpk")
    report = stick.read()
    assert reasons(report) == {"a.vpk": "forged", "b.vpk": None}
    assert (report.code, report.ok) == ("S01+E10", False)


def test_an_old_pack_beside_a_new_one_is_no_fault(stick: Stick) -> None:
    stick.put("anna_2.vpk", "anna 2")
    stick.put("old.vpk", "downgrade")
    assert stick.read().code == "S01"
    assert stick.read().code == "S02"
    (stick.folder / "anna_2.vpk").unlink()
    assert stick.read().code == "E22"


def test_an_empty_stick(stick: Stick) -> None:
    report = stick.read()
    assert (report.code, report.ok, report.packs) == ("S04", True, ())


def test_what_is_no_file_is_refused_without_being_read(stick: Stick, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("anna 1")
    (stick.folder / "link.vpk").symlink_to(secret)
    (stick.folder / "out.vpk").symlink_to("../../../../../../etc/hostname")
    (stick.folder / "folder.vpk").mkdir()
    os.mkfifo(stick.folder / "fifo.vpk")  # opening it for reading would wait for a writer
    here = os.open(".", os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as bound:
        os.chdir(stick.folder)  # a socket's address is short
        try:
            bound.bind("socket.vpk")
        finally:
            os.fchdir(here)
            os.close(here)
        report = stick.read()
    assert set(reasons(report).values()) == {"odd"}
    assert len(report.packs) == 5
    assert stick.store.taken == []
    assert report.code == "E52"


def test_a_device_is_no_file() -> None:
    with StickFolder(Path("/dev"), Limits()) as folder, pytest.raises(StickError, match="it is a device"):
        folder.open("zero")


@pytest.mark.parametrize("path", ["stick/../stick.vpk", "/etc/hostname"])
def test_no_name_leads_out_of_the_folder(stick: Stick, path: str) -> None:
    with StickFolder(stick.folder, Limits()) as folder, pytest.raises(StickError, match="names may have"):
        folder.open(path)


def test_the_top_folder_is_not_reached_through_a_link(stick: Stick, tmp_path: Path) -> None:
    stick.put("anna.vpk")
    (tmp_path / "link").symlink_to(stick.folder)
    report = import_stick(tmp_path / "link", stick.store.install, stick.spool, NOW)
    assert (report.trouble, report.code) == ("unreadable", "E50")


def test_names_are_shown_without_what_a_terminal_would_obey(stick: Stick) -> None:
    hostile = ["\x1b[2Jred.vpk", "line\nbreak.vpk", "\u202eabc.vpk", os.fsdecode(b"\xff\xfe.vpk"), f"{'x' * 200}.vpk"]
    for name in hostile:
        stick.put(name)
    report = stick.read()
    assert set(reasons(report).values()) == {"odd"}
    assert len(report.packs) == len(hostile)
    log = report.log("kiosk-1")
    assert all(char.isprintable() or char in "\r\n" for char in log)
    assert "\\x1b[2Jred.vpk" in log
    assert max(map(len, log.splitlines())) < 320


def test_deep_trees_are_not_entered(stick: Stick) -> None:
    deep = stick.folder
    for _ in range(200):
        deep /= "d"
        deep.mkdir()
    (deep / "anna.vpk").write_text("anna 1")
    assert stick.read().code == "S04"


@pytest.mark.parametrize(("limits", "names"), [({"entries": 50}, "0.vpk {}.jpg"), ({"packs": 4}, "{}.vpk")])
def test_more_files_than_anybody_puts_there(stick: Stick, limits: dict[str, int], names: str) -> None:
    for number in range(max(limits.values()) + 1):
        stick.put(names.split()[-1 if number else 0].format(number), f"anna {number}")
    report = stick.read(**limits)
    assert (report.trouble, report.code, stick.store.taken) == ("crowded", "E51", [])
    next(stick.folder.glob("*[1-9].*")).unlink()
    assert stick.read(**limits).code == "S01"


def test_sizes_are_bounded_whatever_they_are_said_to_be(stick: Stick, tmp_path: Path) -> None:
    stick.put("big.vpk", "x" * 101)
    stick.put("empty.vpk", "")
    stick.put("right.vpk", f"anna {1:095}")
    assert reasons(stick.read(pack_bytes=100)) == {"big.vpk": "too_large", "empty.vpk": "truncated", "right.vpk": None}
    with Path("/dev/zero").open("rb", buffering=0) as endless, pytest.raises(StickError, match="does not end"), copied(
        endless, tmp_path / "spool", Limits(pack_bytes=1 << 21)
    ):
        pytest.fail("an endless pack was copied")


def test_a_sparse_giant_costs_nothing(stick: Stick) -> None:
    with (stick.folder / "giant.vpk").open("wb") as giant:
        giant.truncate(1 << 40)
    assert reasons(stick.read()) == {"giant.vpk": "too_large"}


def test_no_room_is_found_out_before_anything_is_copied(stick: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    stick.put("anna.vpk")
    full = os.statvfs_result((4096, 4096, 1000, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    report = stick.read()
    assert (reasons(report), report.code) == ({"anna.vpk": "disk"}, "E40")


def test_a_disk_that_takes_nothing_is_not_said_to_be_full(stick: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    stick.put("anna.vpk")
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    report = stick.read()
    assert (reasons(report), report.code) == ({"anna.vpk": "state"}, "E41")


def test_the_copy_has_no_name_and_is_gone_afterwards(stick: Stick) -> None:
    stick.put("anna.vpk")
    seen = []

    def install(pack) -> Voice:
        seen.append((pack.read(), list(stick.spool.iterdir())))
        return Voice("anna", 1)

    import_stick(stick.folder, install, stick.spool, NOW)
    assert seen == [(b"anna 1", [])]


def test_what_is_installed_is_what_was_read_once(stick: Stick) -> None:
    path = stick.put("anna.vpk")

    class Swapping(FakeStore):
        def install(self, pack) -> Voice:
            path.write_text("mallory 9")
            return super().install(pack)

    stick.store = Swapping()
    stick.read()
    assert stick.store.taken == [Voice("anna", 1)]


def test_a_stick_pulled_out_between_two_packs(stick: Stick) -> None:
    stick.put("a.vpk")
    stick.put("b.vpk", "ben 1")

    class Pulling(FakeStore):
        def install(self, pack) -> Voice:
            shutil.rmtree(stick.folder)
            return super().install(pack)

    stick.store = Pulling()
    report = stick.read()
    assert reasons(report) == {"a.vpk": None, "b.vpk": "unreadable"}
    assert report.code == "S01+E50"


class _Failing:
    """A file on a failing medium: some bytes, then an error as the kernel gives it."""

    def __init__(self, path: Path, error: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._error = error
        self._n = 0

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, _size: int) -> bytes:
        self._n += 1
        if self._n > 1:
            raise OSError(self._error, os.strerror(self._error))
        return self._file.read(3)

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("error", [errno.EIO, errno.ENODEV, errno.ENOMEDIUM])
def test_a_medium_that_fails_in_mid_file(stick: Stick, error: int) -> None:
    failing = _Failing(stick.put("anna.vpk"), error)
    try:
        with pytest.raises(StickError) as caught, copied(failing, stick.spool, Limits()):
            pytest.fail("half a pack was handed on")
    finally:
        failing.close()
    assert caught.value.reason == "unreadable"
    assert list(stick.spool.iterdir()) == []


def test_a_folder_that_is_not_there(stick: Stick) -> None:
    report = import_stick(stick.folder / "gone", stick.store.install, stick.spool, NOW)
    assert (report.trouble, report.code, report.ok) == ("unreadable", "E50", False)
