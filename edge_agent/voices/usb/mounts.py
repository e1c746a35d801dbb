"""Where a stick's partition is mounted, and whether it is so as is fit for a stranger's."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from edge_agent.voices.usb.folder import StickError

_MOUNTS = Path("/proc/self/mountinfo")
_SAFE = {"read-only": os.ST_RDONLY, "nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC}


def mounted_at(device: Path, mounts: Path = _MOUNTS) -> Path:
    """The folder at which a block device is mounted.

    Raises:
        StickError: ``unreadable``: it is no block device, or not mounted.
    """
    try:
        status = device.stat()
    except OSError as error:
        raise StickError("unreadable", f"{device} cannot be examined: {error.strerror}") from error
    if not stat.S_ISBLK(status.st_mode):
        raise StickError("unreadable", f"{device} is neither a folder nor a block device")
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    for line in mounts.read_text(errors="surrogateescape").splitlines():
        # See proc(5): id, parent, major:minor, root, mount point; spaces and the like are written in octal.
        _, _, its_number, _, where, *_ = line.split(" ")
        if its_number == number:
            return Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), where))
    raise StickError("unreadable", f"{device} is not mounted; edge-agent-usb@.service mounts a stick labelled VOICEPACK by itself")


def check_mount(folder: Path) -> None:
    """
    Raises:
        StickError: ``unreadable``: nothing is mounted there, or not read-only, nosuid, nodev and noexec.
    """
    try:
        flags = os.statvfs(folder).f_flag
        is_mount = folder.is_mount()
    except OSError as error:
        raise StickError("unreadable", f"{folder} cannot be examined: {error.strerror}") from error
    missing = [name for name, flag in _SAFE.items() if not flags & flag]
    if missing or not is_mount:
        how = f"mounted without {', '.join(missing)}" if is_mount else "no mounted stick"
        raise StickError("unreadable", f"{folder} is {how}; it is not read")
