"""The stick's units, rule and privileged script: right as systemd reads them, and the script does what it is to do and no more.

What they do together, on a real partition, the guest shows: see tests/system/guest.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from edge_agent.voices.usb import Limits

REPOSITORY = Path(__file__).resolve().parents[2]
SYSTEMD = REPOSITORY / "systemd"
RULES = REPOSITORY / "firmware_configs" / "udev" / "70-edge-agent-usb.rules"
SCRIPT = SYSTEMD / "edge-agent-stick"
UNITS = {"edge-agent-usb@.service": 0.5, "edge-agent-stick@.service": 4.5}
"""With the exposure that ``systemd-analyze security`` may find at most."""


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    """Both units in a folder, naming programs that exist here."""
    for name in UNITS:
        text = re.sub(r"(?m)^(Exec\w+)=(/\S+)", r"\1=/bin/true", (SYSTEMD / name).read_text())
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_to_complain_of(laid_out: Path, name: str) -> None:
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(laid_out / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "edge-agent" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_exposure(laid_out: Path, name: str) -> None:
    threshold = f"--threshold={round(UNITS[name] * 10)}"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", threshold, str(laid_out / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_the_importer_has_nothing() -> None:
    lines = (SYSTEMD / "edge-agent-usb@.service").read_text().splitlines()
    needed = {
        "User=edge-agent", "CapabilityBoundingSet=", "NoNewPrivileges=yes", "PrivateDevices=yes", "PrivateNetwork=yes",
        "ProtectSystem=strict", "RestrictAddressFamilies=AF_UNIX", "IPAddressDeny=any", "CollectMode=inactive-or-failed", "UMask=0077",
    }  # fmt: skip
    assert needed <= set(lines)


def test_the_importer_has_room_for_the_largest_pack_in_memory_and_for_its_engine() -> None:
    unit = (SYSTEMD / "edge-agent-usb@.service").read_text()
    (gibibytes,) = re.findall(r"(?m)^MemoryMax=(\d+)G$", unit)
    engine_bytes = 900 * 10**6  # the bar of benchmarks/gptsovits_memory.py
    assert int(gibibytes) << 30 >= Limits().pack_bytes + engine_bytes
    (mebibytes,) = re.findall(r"(?m)^LimitFSIZE=(\d+)M$", unit)
    assert int(mebibytes) << 20 > Limits().pack_bytes


def test_a_unit_that_mounts_has_no_mount_namespace_of_its_own() -> None:
    """With one, what it mounts would be seen by nobody else."""
    text = (SYSTEMD / "edge-agent-stick@.service").read_text()
    keys = set(re.findall(r"(?m)^(\w+)=", text))
    own = {"ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateMounts", "StateDirectory", "RuntimeDirectory"}
    assert not keys & own


def test_the_rule_asks_for_a_unit_by_the_kernels_name_only() -> None:
    lines = [line for line in RULES.read_text().splitlines() if line and not line.startswith("#")]
    term = re.compile(r'[A-Z]+(\{\w+\})?(==|\+=|=)"[^"]*"')
    assert all(term.fullmatch(part) for line in lines for part in line.split(", "))
    assert all('ENV{ID_BUS}=="usb"' in line for line in lines)
    wanting = [line for line in lines if "SYSTEMD_WANTS" in line]
    assert len(wanting) == 1
    assert 'ENV{ID_FS_LABEL}=="VOICEPACK"' in wanting[0]
    assert 'ENV{SYSTEMD_WANTS}+="edge-agent-usb@$name.service"' in wanting[0]
    assert not any("RUN" in line for line in lines)
    version = int(subprocess.run(["udevadm", "--version"], capture_output=True, text=True, check=True).stdout)
    if version >= 254:  # the first that can
        subprocess.run(["udevadm", "verify", str(RULES)], capture_output=True, check=True)


# ---- the privileged script

STUBS = {
    "mount": 'echo "mount $*" >> "$CALLS"; for last; do :; done; case "$*" in *VOICELOG-refuses*) exit 32 ;; esac',
    "umount": 'echo "umount $*" >> "$CALLS"',
    "mountpoint": 'test -e "$2"',
    "udevadm": 'echo "ID_FS_TYPE=vfat"; case "$*" in *sdb2) echo "ID_FS_LABEL=$LABEL" ;; *) echo "ID_FS_LABEL=VOICEPACK" ;; esac',
    "setpriv": 'while [ "${1#--}" != "$1" ]; do case "$1" in --reuid | --regid) shift 2 ;; *) shift ;; esac; done; exec "$@"',
    "sync": ":",
}


class StickScript:
    """The script on a made-up system, whose ``mount`` only notes what it was asked."""

    def __init__(self, root: Path) -> None:
        self.root, self._calls, self.label = root, root / "calls", "HOLIDAYS"
        stubs = root / "stubs"
        stubs.mkdir()
        for name, body in STUBS.items():
            (stubs / name).write_text(f"#!/bin/sh\n{body}\n")
            (stubs / name).chmod(0o755)
        for name in ("sdb1", "sdb2"):
            part = root / "sys/devices/usb/sdb" / name
            part.mkdir(parents=True)
            (part / "partition").write_text(name[-1])
            link = root / "sys/class/block" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(part)
        self.packs = root / "run/edge-agent-stick/sdb1"
        self.log = Path(f"{self.packs}.log")
        self.result = root / "run/edge-agent-usb/sdb1.txt"
        self.result.parent.mkdir(parents=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.root / 'stubs'}:{os.environ['PATH']}"
        environ = {"PATH": path, "CALLS": str(self._calls), "LABEL": self.label, "EDGE_AGENT_STICK_ROOT": str(self.root)}
        return subprocess.run(["/bin/sh", str(SCRIPT), *arguments], capture_output=True, text=True, env=environ, check=False)

    def finish(self, result: bytes | None = b"S01\r\n") -> list[str]:
        if result is not None:
            self.result.write_bytes(result)
        done = self.run("finish", "sdb1")
        assert done.returncode == 0, done.stderr
        return self.calls()

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@pytest.fixture
def script(tmp_path: Path) -> StickScript:
    return StickScript(tmp_path)


def test_a_stick_is_mounted_as_a_strangers(script: StickScript) -> None:
    script.result.write_text("the last stick's")
    assert script.run("mount", "sdb1").returncode == 0
    assert script.calls() == [f"mount -o ro,nosuid,nodev,noexec,noatime,utf8,fmask=0133,dmask=0022 /dev/sdb1 {script.packs}"]
    assert not script.result.exists()


@pytest.mark.parametrize("name", ["", "../sda", "sda1;reboot", "sd a", "-o", "SDA1", "sda1\n"])
def test_only_the_kernels_names_are_taken(script: StickScript, name: str) -> None:
    for action in ("mount", "finish"):
        assert script.run(action, name).returncode == 2
    assert script.calls() == []


def test_without_a_place_for_it_nothing_is_written(script: StickScript) -> None:
    script.packs.mkdir(parents=True)
    (script.packs / "anna.vpk").touch()
    assert script.finish() == [f"umount {script.packs}"]
    assert [path.name for path in script.packs.iterdir()] == ["anna.vpk"]
    assert not script.result.exists()


def test_the_log_goes_to_the_folder_for_it(script: StickScript) -> None:
    (script.packs / "log").mkdir(parents=True)
    assert script.finish() == [f"mount -o remount,rw,nosuid,nodev,noexec,noatime {script.packs}", f"umount {script.packs}"]
    assert [(path.name, path.read_bytes()) for path in (script.packs / "log").iterdir()] == [("LOG.TXT", b"S01\r\n")]


def test_the_second_partition_is_preferred(script: StickScript) -> None:
    (script.packs / "log").mkdir(parents=True)
    script.label = "VOICELOG"
    calls = script.finish()
    assert calls == [f"mount -o rw,nosuid,nodev,noexec,noatime /dev/sdb2 {script.log}", f"umount {script.log}", f"umount {script.packs}"]
    # Nothing is really unmounted here, so what was written into the folder is still to be seen.
    assert (script.log / "LOG.TXT").read_bytes() == b"S01\r\n"


def test_a_label_that_only_contains_the_right_one_is_another(script: StickScript) -> None:
    script.packs.mkdir(parents=True)
    script.label = "VOICELOG2"
    assert script.finish() == [f"umount {script.packs}"]


def test_a_result_that_never_came_is_said_so(script: StickScript) -> None:
    (script.packs / "log").mkdir(parents=True)
    script.finish(result=None)
    assert (script.packs / "log" / "LOG.TXT").read_bytes() == b"The import did not end; please put the stick in again.\r\n"


def test_the_log_is_bounded(script: StickScript) -> None:
    (script.packs / "log").mkdir(parents=True)
    script.finish(b"x" * 1_000_000)
    assert (script.packs / "log" / "LOG.TXT").stat().st_size == 65536


def test_a_file_where_the_folder_should_be_is_left_alone(script: StickScript) -> None:
    script.packs.mkdir(parents=True)
    (script.packs / "log").write_text("mine")
    assert script.finish() == [f"umount {script.packs}"]
    assert (script.packs / "log").read_text() == "mine"


def test_a_stick_that_is_gone_already(script: StickScript) -> None:
    assert script.finish() == []


def test_the_result_is_read_with_the_importers_rights(script: StickScript) -> None:
    (script.packs / "log").mkdir(parents=True)
    (script.root / "stubs" / "setpriv").write_text('#!/bin/sh\necho "setpriv $*" >> "$CALLS"\n')
    script.finish()
    reader = "setpriv --reuid edge-agent --regid edge-agent --clear-groups --no-new-privs"
    calls = [call for call in script.calls() if call.startswith("setpriv")]
    assert calls == [f"{reader} test -s {script.result}", f"{reader} head -c 65536 {script.result}"]
