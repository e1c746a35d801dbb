"""A Jetson made of files: as it should be, and then with one thing wrong after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.config import Config, load
from edge_agent.install import install, lay_out
from edge_agent.service.doctor import Finding, Verdict
from edge_agent.service.doctor.device import System, examine_device
from tests.rigs.tree import grow, write

NANO = {
    "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0003\0nvidia,p3767-0003\0nvidia,tegra234\0",
    "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic, EABI: aarch64, DATE: x\n",
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=15W >\nX 1\n< POWER_MODEL ID=1 NAME=25W >\n< PM_CONFIG DEFAULT=1 >\n",
    "var/lib/nvpmodel/status": "pmode:0001",
    "etc/nvfancontrol.conf": "<FAN 1>\n\tFAN_DEFAULT_PROFILE cool\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "51250\n",
    "sys/class/thermal/thermal_zone0/trip_point_0_type": "passive\n",
    "sys/class/thermal/thermal_zone0/trip_point_0_temp": "99000\n",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n",
    "proc/meminfo": "MemTotal:        7800000 kB\nMemAvailable:    5200000 kB\n",
    "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 5\n",
    "dev/nvmap": "",
    "dev/nvgpu/igpu0/ctrl": "",
    "dev/dri/renderD128": "",
    "etc/group": "audio:x:29:edge-agent\nvideo:x:44:ubuntu,edge-agent\nrender:x:104:edge-agent\n",
    "proc/asound/cards": " 0 [HDA            ]: tegra-hda - NVIDIA\n 1 [speaker        ]: USB-Audio - Speaker\n",
    "proc/mounts": "a / ext4 ro,noatime 0 0\nb /var/lib/edge-agent ext4 rw 0 0\nb /var/log/journal ext4 rw 0 0\n",
    "var/log/journal/.keep": "",
    "sys/class/watchdog/watchdog0/state": "active\n",
    "sys/class/watchdog/watchdog0/timeout": "20\n",
    "etc/systemd/system/multi-user.target.wants/edge-agent.service": "",
}


@pytest.fixture
def nano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = grow(tmp_path / "nano", NANO)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    install(root, lay_out("orin-nano"))
    return root


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(Path(os.devnull), environ={"HOME": str(tmp_path), "EDGE_AGENT__AUDIO__DEVICE": "speech"}).config


def not_well(config: Config, root: Path) -> list[Finding]:
    findings = list(examine_device(System(root), config))
    for finding in findings:
        assert (finding.fix is None) == (finding.verdict is Verdict.OK), finding
    return [finding for finding in findings if finding.verdict is not Verdict.OK]


def test_a_device_as_it_should_be(config: Config, nano: Path) -> None:
    findings = list(examine_device(System(nano), config))
    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert findings[0].data == {"module": "p3767-0003", "class": "orin-nano", "jetson_linux": "36.4.3", "jetpack": "6.2"}
    assert {finding.name for finding in findings} == {
        "device", "service", "drop-ins", "power", "fan", "heat", "memory", "gpu", "sound", "disk", "watchdog",
    }  # fmt: skip


FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "another class": (lambda root: write(root, "proc/device-tree/compatible", "nvidia,p3701-0005\0"), "device", "another", "--device"),
    "an old release": (lambda root: write(root, "etc/nv_tegra_release", "# R36 (release), REVISION: 3.0,"), "device", "JetPack 6.0", "6.2"),
    "not enabled": (
        lambda root: (root / "etc/systemd/system/multi-user.target.wants/edge-agent.service").unlink(),
        "service", "not start", "enable --now",
    ),
    "a drop-in gone": (lambda root: (root / "etc/sysctl.d/60-edge-agent.conf").unlink(), "drop-ins", "sysctl.d", "--device orin-nano"),
    "too little power": (lambda root: write(root, "var/lib/nvpmodel/status", "pmode:0000"), "power", "15W, but 25W", "nvpmodel -m 1"),
    "no power tools": (lambda root: (root / "etc/nvpmodel.conf").unlink(), "power", "cannot be read", "nvidia-l4t-nvpmodel"),
    "a quiet fan": (lambda root: write(root, "etc/nvfancontrol.conf", " FAN_DEFAULT_PROFILE quiet"), "fan", "quiet", "edge-agent-power"),
    "heat": (lambda root: write(root, "sys/class/thermal/thermal_zone0/temp", "99500"), "heat", "100 of 99", "fan"),
    "little memory": (lambda root: write(root, "proc/meminfo", "MemAvailable: 600000 kB"), "memory", "585 MiB", "multi-user.target"),
    "swap on flash": (lambda root: write(root, "proc/swaps", "Filename\n/swapfile file 1 0 -2\n"), "memory", "/swapfile", "swapoff"),
    "no GPU": (lambda root: (root / "dev/nvmap").unlink(), "gpu", "/dev/nvmap", "dmesg"),
    "not in a group": (lambda root: write(root, "etc/group", "audio:x:29:edge-agent\nvideo:x:44:\n"), "gpu", "video, render", "usermod"),
    "no loudspeaker": (lambda root: write(root, "proc/asound/cards", " 0 [HDA            ]: x"), "sound", "there are: HDA", "Connect"),
    "a writable root": (
        lambda root: write(root, "proc/mounts", "/dev/root / ext4 rw 0 0\n"), "disk", "root is written to", "read-only/",
    ),
    "state in memory": (
        lambda root: write(root, "proc/mounts", "/dev/root / ext4 ro 0 0\noverlay /var overlay rw 0 0\nx /var/log/journal ext4 rw 0 0\n"),
        "disk", "/var/lib/edge-agent lies in memory", "fstab",
    ),
    "a watchdog asleep": (
        lambda root: write(root, "sys/class/watchdog/watchdog0/state", "inactive"), "watchdog", "inactive", "system.conf.d",
    ),
    "a wrong file": (lambda root: write(root, "etc/edge-agent/device.toml", 'name = "x"\n'), "device", "key 'modules' is missing", "again"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_one_thing_wrong_is_the_one_that_is_found(config: Config, nano: Path, fault: str) -> None:
    break_it, name, what, fix = FAULTS[fault]
    break_it(nano)
    found = not_well(config, nano)
    assert [finding.name for finding in found] == [name]
    assert what in found[0].what
    assert found[0].fix is not None
    assert fix in found[0].fix


def test_a_voice_that_may_take_too_much_of_the_memory(nano: Path, tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EDGE_AGENT__AUDIO__DEVICE": "speech", "EDGE_AGENT__VOICE__GPU_MEMORY_MIB": "4096"}
    greedy = load(Path(os.devnull), environ=environ).config
    (found,) = not_well(greedy, nano)
    assert (found.name, found.what) == ("memory", "a voice may take 4096 of the 7617 MiB that processor and GPU share")
    assert found.fix is not None
    assert "gpu_memory_mib to 1904" in found.fix
    assert not_well(load(Path(os.devnull), environ={**environ, "EDGE_AGENT__VOICE__PROVIDER": "cpu"}).config, nano) == []


def test_what_was_edited_is_said_and_is_no_fault(config: Config, nano: Path) -> None:
    write(nano, "etc/systemd/journald.conf.d/60-edge-agent.conf", "[Journal]\nSystemMaxUse=1G\n")
    assert not_well(config, nano) == []
    (drop_ins,) = (finding for finding in examine_device(System(nano), config) if finding.name == "drop-ins")
    assert drop_ins.data["edited"] == ["/etc/systemd/journald.conf.d/60-edge-agent.conf"]


def test_another_loudspeaker(config: Config, nano: Path) -> None:
    install(nano, lay_out("orin-nano", "hdmi"))
    assert not_well(config, nano) == []
    write(nano, "proc/asound/cards", " 1 [speaker        ]: USB-Audio - Speaker\n")
    assert "no card is called HDA" in not_well(config, nano)[0].what


def test_a_module_is_known_without_its_file(config: Config, nano: Path) -> None:
    (nano / "etc/edge-agent/device.toml").unlink()
    assert not_well(config, nano) == []


def test_a_computer_that_is_no_jetson(config: Config, tmp_path: Path) -> None:
    (finding,) = not_well(config, tmp_path)
    assert "no Jetson" in finding.what
