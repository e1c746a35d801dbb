"""Only what is mounted as a stranger's stick has to be is read without a person having named the folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from edge_agent.voices.usb import StickError, check_mount, mounted_at


def test_a_plain_folder_is_no_stick(tmp_path: Path) -> None:
    with pytest.raises(StickError, match=r"mounted without .*|no mounted stick"):
        check_mount(tmp_path)


def test_a_writable_mount_is_no_stick() -> None:
    with pytest.raises(StickError, match=r"mounted without .*read-only"):
        check_mount(Path("/"))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StickError, match="cannot be examined"):
        check_mount(tmp_path / "gone")


@pytest.mark.parametrize("path", ["/dev/null", "/etc/hostname"])
def test_what_is_no_block_device_has_no_mount(path: str) -> None:
    with pytest.raises(StickError, match="neither a folder nor a block device"):
        mounted_at(Path(path))


class _Disk:
    """A block device that this machine need not have."""

    def __init__(self, major: int, minor: int) -> None:
        self._status = os.stat_result((stat.S_IFBLK | 0o660, *(0,) * 9), {"st_rdev": os.makedev(major, minor)})

    def stat(self):
        return self._status

    def __str__(self) -> str:
        return "/dev/sdb1"


def test_a_device_is_found_by_its_number(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "25 30 0:23 / /sys rw shared:7 - sysfs sysfs rw\n"
        "99 30 8:17 / /run/edge-agent-stick/my\\040stick ro,nosuid - vfat /dev/sdb1 ro\n"
    )
    assert mounted_at(_Disk(8, 17), mounts) == Path("/run/edge-agent-stick/my stick")
    with pytest.raises(StickError, match=r"not mounted; edge-agent-usb@\.service"):
        mounted_at(_Disk(8, 18), mounts)
