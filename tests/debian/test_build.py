"""The package's own files. Building a whole one takes minutes and a network: make deb; trying it: python -m tests.system.container."""

from __future__ import annotations

import gzip
import importlib.util
import os
import runpy
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from edge_agent.install import install, lay_out

FOLDER = Path(__file__).parents[2] / "debian"
MAINTAINER = "Somebody <somebody@example.org>"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("debian_build", FOLDER / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a package would hold, without the environment."""
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    install(folder, lay_out("orin-nano", "i2s"))
    return folder


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_scripts_are_shell(name: str) -> None:
    found = subprocess.run(["sh", "-n", str(FOLDER / name)], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_process_of_the_doctor_does_not_run_the_command_again(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It imports what started its parent under this name."""
    launcher = tmp_path / "edge-agent"
    launcher.write_text(build.LAUNCHER)
    assert "main" in runpy.run_path(str(launcher), run_name="__mp_main__")
    monkeypatch.setattr("sys.argv", ["edge-agent", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(launcher), run_name="__main__")


def test_a_package_of_it(build: ModuleType, root: Path, tmp_path: Path) -> None:
    configs = sorted(f"/{path.relative_to(root)}" for path in (root / "etc").rglob("*") if path.is_file())
    build.document(root, MAINTAINER)
    build.describe(root, MAINTAINER, configs)
    deb = build.pack(root, tmp_path / "out")
    fields = subprocess.run(["dpkg-deb", "--field", str(deb)], check=True, capture_output=True, text=True).stdout
    assert "Package: edge-voice-agent\n" in fields
    assert f"Maintainer: {MAINTAINER}\n" in fields
    assert "systemd (>= 249)" in fields
    listed = subprocess.run(["dpkg-deb", "--contents", str(deb)], check=True, capture_output=True, text=True).stdout
    assert "-rwxr-xr-x root/root" in next(line for line in listed.splitlines() if line.endswith("/edge-agent-stick"))
    assert all(" root/root " in line for line in listed.splitlines())
    scripts = tmp_path / "control"
    subprocess.run(["dpkg-deb", "--control", str(deb), str(scripts)], check=True)
    assert (scripts / "conffiles").read_text().splitlines() == configs
    units = next(line for line in (scripts / "postinst").read_text().splitlines() if line.startswith("UNITS="))
    assert units == 'UNITS="edge-agent.service edge-agent-maintenance.timer edge-agent-i2s.service edge-agent-power.service"'
    sums = (scripts / "md5sums").read_text().splitlines()
    command = ["md5sum", "--check", "--quiet", str(scripts / "md5sums")]
    checked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert sums
    assert (checked.returncode, checked.stdout) == (0, "")
    log = gzip.decompress((root / "usr/share/doc/edge-voice-agent/changelog.gz").read_bytes()).decode()
    assert log.startswith("edge-voice-agent (")


def test_another_build_of_onnx_runtime_replaces_the_first(build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(build, "_run", lambda *command: ran.append([str(part) for part in command]))
    wheel = tmp_path / "onnxruntime_gpu-1.23.0-cp310-cp310-linux_aarch64.whl"
    build.fill(tmp_path / "venv", tmp_path / "source", [wheel])
    program, out, other = ran
    assert program[-1] == f"{tmp_path / 'source'}[pulse]", "lowering other programs needs pulsectl"
    assert "uninstall" in out
    assert out[-1] == "onnxruntime"
    assert other[-3:] == ["--no-deps", "--force-reinstall", str(wheel)]


def test_a_purge_empties_a_mount_point_and_leaves_it(tmp_path: Path) -> None:
    """As on a device with a read-only root, where the folders of its state are mounted."""
    script = (FOLDER / "postrm").read_text()
    for name in ("lib", "cache"):
        (tmp_path / name / "voices").mkdir(parents=True)
        (tmp_path / name / "voices/model").touch()
        script = script.replace(f"/var/{name}/edge-agent", str(tmp_path / name))
    script = script.replace("/etc/edge-agent", str(tmp_path / "none")).replace("/var/lib/systemd/timers", str(tmp_path))
    script = script.replace("systemctl", "true").replace("deb-systemd-helper", "no-such-program")
    fakes = f'rmdir() {{ [ "$1" != {tmp_path / "lib"} ] && command rmdir "$1"; }}; mountpoint() {{ [ "$2" = {tmp_path / "lib"} ]; }}\n'
    found = subprocess.run(["sh", "-c", f"{fakes}{script}", "postrm", "purge"], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert (sorted(path.name for path in tmp_path.iterdir()), list((tmp_path / "lib").iterdir())) == (["lib"], [])
