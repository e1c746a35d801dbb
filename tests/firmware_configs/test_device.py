"""Device configurations, as far as a machine that is no Jetson can read them."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.install import DEVICES
from edge_agent.resources import FIRMWARE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ORINS = DEVICES[1:]
NOT_OF_A_DEVICE = {"demo.conf", "store.conf", "store.acl", "README.md"}
_RULE = re.compile(r'[A-Z]+(\{[^}]+\})?(==|!=|\+=|:=|=)"[^"]*"')


def settings(path: Path) -> dict[str, dict[str, str]]:
    """Sections of a file in the style of systemd and NetworkManager."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(path.read_text())
    return {section: dict(parser[section]) for section in parser.sections()}


@pytest.mark.parametrize("path", [path for path in FIRMWARE.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_each_file_says_for_which_jetpack_it_was_written_and_whether_it_ran_there(path: Path) -> None:
    if path.name in NOT_OF_A_DEVICE:
        return
    comments = " ".join(line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#"))
    assert "JetPack 6.2" in comments
    assert "Jetson" in comments or "real one" in comments


def test_journald_knows_every_key() -> None:
    known = Path("/lib/systemd/systemd-journald").read_bytes()
    for section, keys in settings(FIRMWARE / "journald/edge-agent.conf").items():
        for key in keys:
            assert f"{section}.{key}".encode() in known, key


def test_systemd_knows_every_key_of_the_watchdog() -> None:
    programs = [Path("/lib/systemd/systemd"), *Path("/usr/lib").rglob("systemd/libsystemd-core-*.so")]
    known = b"".join(program.read_bytes() for program in programs)
    ((section, keys),) = settings(FIRMWARE / "watchdog/edge-agent.conf").items()
    assert section == "Manager"
    for key in keys:
        assert key.encode() + b"\0" in known, key


def test_the_kernel_knows_every_key() -> None:
    lines = [line for line in (FIRMWARE / "sysctl/edge-agent.conf").read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        key, _, value = line.partition(" = ")
        assert Path("/proc/sys", *key.split(".")).exists(), key
        assert value.isdecimal()


def test_network_manager_reads_key_files() -> None:
    found = settings(FIRMWARE / "network/edge-agent.conf")
    assert found["connection"]["wifi.powersave"] == "2"
    assert found["main"]["autoconnect-retries-default"] == "0"


@pytest.mark.parametrize("path", sorted((FIRMWARE / "udev").glob("*.rules")), ids=lambda path: path.name)
def test_udev_rules_are_well_formed(path: Path) -> None:
    rules = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert rules
    labels = {match[1] for rule in rules if (match := re.fullmatch(r'LABEL="(\w+)"', rule))}
    for rule in rules:
        terms = [term.strip() for term in re.findall(r'[^,"]*"[^"]*"', rule)]
        assert ", ".join(terms) == rule
        for term in terms:
            assert _RULE.fullmatch(term), term
            if target := re.fullmatch(r'GOTO="(\w+)"', term):
                assert target[1] in labels


def test_the_table_of_mounts_is_one() -> None:
    found = subprocess.run(
        ["findmnt", "--verify", "--tab-file", str(FIRMWARE / "read-only/fstab")], capture_output=True, text=True, timeout=60, check=False
    )
    assert "0 parse errors" in found.stdout + found.stderr


@pytest.fixture
def run_script(tmp_path: Path):
    """``run_script(script, *arguments, **environ)`` with stand-ins for programs that only root or a Jetson has; what they were called
    with is in ``calls``."""
    tools = tmp_path / "bin"
    tools.mkdir()
    calls = tmp_path / "calls"
    calls.touch()

    def stand_in(name: str, answer: str = "") -> None:
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{calls}"\n{answer}\n')
        (tools / name).chmod(0o755)

    def run(script: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        given = os.environ | environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
        return subprocess.run([str(script), *arguments], env=given, capture_output=True, text=True, timeout=60, check=False)

    run.stand_in, run.calls = stand_in, lambda: calls.read_text().splitlines()
    return run


def test_the_layer_of_memory(run_script, tmp_path: Path) -> None:
    run_script.stand_in("mount")
    covered = tmp_path / "etc"
    covered.mkdir(mode=0o750)
    script, layers = FIRMWARE / "read-only/edge-agent-overlay", tmp_path / "layers"
    for _ in range(2):
        assert run_script(script, str(covered), EDGE_AGENT_OVERLAY_LAYERS=str(layers)).returncode == 0
    layer = layers / str(covered).replace("/", "_")
    assert run_script.calls() == [
        f"mount -t overlay -o lowerdir={covered},upperdir={layer}/upper,workdir={layer}/work,nosuid,nodev overlay {covered}"
    ], "once, however often it is run"
    assert (layer / "upper").stat().st_mode & 0o777 == 0o750
    assert run_script(script, "etc", EDGE_AGENT_OVERLAY_LAYERS=str(layers)).returncode == 2


class TestPower:
    MODES = """\
< PARAM TYPE=FILE NAME=CPU_ONLINE >
CORE_0 /sys/devices/system/cpu/cpu0/online
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=1 NAME=25W >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
CPU_ONLINE CORE_0 1
< PM_CONFIG DEFAULT=1 >
"""
    """Made up in the documented format: NVIDIA's own may not be handed on."""

    @pytest.fixture
    def jetson(self, tmp_path: Path) -> Path:
        root = tmp_path / "root"
        for folder in ("etc/edge-agent", "var/lib/nvfancontrol"):
            (root / folder).mkdir(parents=True)
        (root / "etc/edge-agent/device.toml").write_text((FIRMWARE / "devices/orin-nano.toml").read_text())
        (root / "etc/nvpmodel.conf").write_text(self.MODES)
        fan = "POLLING_INTERVAL 2\n<FAN 1>\n\tFAN_DEFAULT_PROFILE quiet\n\tFAN_DEFAULT_CONTROL open_loop\n"
        (root / "etc/nvfancontrol.conf").write_text(fan)
        (root / "var/lib/nvfancontrol/status").write_text("quiet")
        return root

    def run(self, run_script, root: Path) -> subprocess.CompletedProcess[str]:
        return run_script(FIRMWARE / "power/edge-agent-power", EDGE_AGENT_POWER_ROOT=str(root))

    def test_sets_the_first_mode_there_is_and_the_fan(self, run_script, jetson: Path) -> None:
        run_script.stand_in("nvpmodel", '[ "$1" = -q ] && printf "NV Power Mode: 15W\\n0\\n"; exit 0')
        run_script.stand_in("systemctl")
        result = self.run(run_script, jetson)
        assert (result.returncode, result.stdout.splitlines()) == (0, ["power mode set to 25W", "fan profile set to cool"])
        assert run_script.calls() == ["nvpmodel -q", "nvpmodel -m 1", "systemctl restart nvfancontrol.service"]
        assert "\tFAN_DEFAULT_PROFILE cool\n\tFAN_DEFAULT_CONTROL open_loop\n" in (jetson / "etc/nvfancontrol.conf").read_text()
        assert not (jetson / "var/lib/nvfancontrol/status").exists()

    def test_leaves_alone_what_is_right(self, run_script, jetson: Path) -> None:
        run_script.stand_in("nvpmodel", 'printf "NV Power Mode: 25W\\n1\\n"')
        run_script.stand_in("systemctl")
        fan = jetson / "etc/nvfancontrol.conf"
        fan.write_text(fan.read_text().replace("quiet", "cool"))
        assert self.run(run_script, jetson).stdout.splitlines() == ["power mode is 25W", "fan profile is cool"]
        assert run_script.calls() == ["nvpmodel -q"]

    def test_a_mode_that_is_not_taken_fails_and_says_what_to_do(self, run_script, jetson: Path) -> None:
        run_script.stand_in("nvpmodel", '[ "$1" = -q ]')
        result = self.run(run_script, jetson)
        assert result.returncode == 1
        assert "nvpmodel -m 1" in result.stderr

    def test_elsewhere_there_is_nothing_to_do(self, run_script, jetson: Path) -> None:
        for name in ("nvpmodel.conf", "nvfancontrol.conf"):
            (jetson / "etc" / name).unlink()
        assert self.run(run_script, jetson).returncode == 0


@pytest.mark.parametrize("device", ORINS)
def test_devices(device: str) -> None:
    found = tomllib.loads((FIRMWARE / f"devices/{device}.toml").read_text())
    assert found["name"] == device
    assert found["power"]["modes"]
    assert found["fan"]["profile"] in ("quiet", "cool")
    assert all(re.fullmatch(r"p37(67|01)-000\d", module) for module in found["modules"])


def test_no_module_is_of_two_devices() -> None:
    modules = [module for device in ORINS for module in tomllib.loads((FIRMWARE / f"devices/{device}.toml").read_text())["modules"]]
    assert len(set(modules)) == len(modules)
