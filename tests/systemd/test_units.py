"""The units as they are laid out, read by systemd's own parser and judged by its own measure."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.install import install, lay_out
from edge_agent.resources import FIRMWARE, SYSTEMD

MOST_EXPOSED = {
    "edge-agent.service": 1.8,
    "edge-agent-maintenance.service": 0.3,
    "edge-agent-usb@.service": 1.0,
}
"""Of 10. Each line that is taken out of a unit shows here; peers that play sound reach 7.5 to 9.6."""
UNIT_DIR = "usr/lib/systemd/system"


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units of a device, in a system in which the programs they name exist."""
    root = tmp_path_factory.mktemp("system")
    install(root, lay_out("orin-nano", "i2s", program=sys.executable, systemd=249))
    folder = root / UNIT_DIR
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace("/usr/lib/edge-agent/", f"{root}/usr/lib/edge-agent/"))
    return folder


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_understands_every_line(units: Path) -> None:
    found = analyze("verify", "--man=no", "--recursive-errors=no", *units.glob("*.timer"), *units.glob("*.service"))
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_it_would_complain_of_a_line_it_does_not_understand(units: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "edge-agent.service"
    wrong.write_text((units / "edge-agent.service").read_text().replace("WatchdogSec=20", "WatchdogSec=twenty"))
    assert "twenty" in analyze("verify", "--man=no", "--recursive-errors=no", wrong).stderr


@pytest.mark.parametrize("unit", MOST_EXPOSED)
def test_how_exposed_it_is(units: Path, unit: str) -> None:
    found = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED[unit] * 10:.0f}", "--no-pager", units / unit)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", found.stdout)
    assert score, found.stderr
    assert float(score[1]) <= MOST_EXPOSED[unit]
    assert found.returncode == 0


def test_every_service_has_its_limit() -> None:
    """But for the two that mount sticks and set clocks: those are root and say why."""
    privileged = {"edge-agent-stick@.service"}
    assert {path.name for path in SYSTEMD.glob("*.service")} == MOST_EXPOSED.keys() | privileged


def test_json_is_what_a_fleet_would_read(units: Path) -> None:
    found = analyze("security", "--offline=yes", "--json=short", "--no-pager", units / "edge-agent.service")
    flags = {each["json_field"]: each["set"] for each in json.loads(found.stdout)}
    for still_open in ("PrivateDevices", "MemoryDenyWriteExecute"):  # CUDA and ALSA need them so
        assert flags[still_open] is False
    for closed in ("NoNewPrivileges", "ProtectHome", "RestrictNamespaces_user", "CapabilityBoundingSet_CAP_SYS_ADMIN"):
        assert flags[closed] is True


def test_drop_ins_of_newer_systemd_undo_what_they_replace() -> None:
    text = (SYSTEMD / "edge-agent.service.d/notify-reload.conf").read_text()
    assert "Type=notify-reload" in text
    assert re.search(r"(?m)^ExecReload=$", text), "else the daemon would be told twice"


def test_the_daemon_asks_for_nothing_that_the_oldest_systemd_lacks() -> None:
    newer = ("LoadCredentialEncrypted", "ImportCredential", "RestartSteps", "ReloadSignal", "notify-reload")
    for path in (*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.timer"), *FIRMWARE.rglob("*.service")):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert not [line for line in lines if any(word in line for word in newer)], path
