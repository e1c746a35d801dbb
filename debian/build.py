"""Builds a Debian package for the release it runs on: ``python debian/build.py [--device CLASS] [--out DIR]``, or ``make deb``.

The package holds an environment of its own (/usr/lib/edge-agent/venv) on the release's Python, with every dependency as its
authors published it, so that nothing is fetched when it is installed. A package is for one release and one architecture: build it
on Ubuntu 22.04 for JetPack 6, on 24.04 for JetPack 7. Needs python3-venv, dpkg-deb and a network for the dependencies.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
NAME = "edge-voice-agent"
PYTHON = Path("/usr/bin/python3")
LIBRARY = Path("usr/lib/edge-agent")
VENV = LIBRARY / "venv"
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "edge_agent", "distill", "quantize", "systemd", "firmware_configs")
LAUNCHER = f"""\
#!/{VENV}/bin/python
import sys

from edge_agent.cli import main

if __name__ == "__main__":  # the doctor's processes import this once more
    sys.exit(main())
"""
CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Section: sound
Priority: optional
Installed-Size: {size_kib}
Depends: {python}, libc6 (>= 2.34), libstdc++6, libportaudio2, procps, systemd (>= 249), init-system-helpers (>= 1.54)
Recommends: mosquitto (>= 2.0), alsa-utils, libasound2-plugins, minisign
Homepage: https://www.apache.org/licenses/LICENSE-2.0
Description: speaks announcements from MQTT and ZeroMQ, without a network
 A daemon for kiosks, vehicles and stores: announcements come in by MQTT or
 ZeroMQ, wait by priority, survive a power cut, and are spoken in Mandarin and
 English by a voice that runs on the device.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="generic", help="class of device to configure (default: generic)")
    parser.add_argument("--speaker", default="usb", help="what it speaks through (default: usb)")
    parser.add_argument("--wheel", type=Path, action="append", default=[], help="put in last, in place of what it replaces")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out", help="where the package goes (default: out)")
    parser.add_argument("--maintainer", default=_maintainer(), help="name and address (default: $DEBFULLNAME and $DEBEMAIL)")
    arguments = parser.parse_args()
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="edge-agent-deb-") as folder:
        root = Path(folder) / "root"
        build_venv(root, Path(folder) / "source", arguments.wheel)
        configs = lay_out(root, arguments.device, arguments.speaker)
        document(root, arguments.maintainer)
        describe(root, arguments.maintainer, configs)
        print(pack(root, arguments.out))
    return 0


def build_venv(root: Path, source: Path, wheels: Sequence[Path] = ()) -> None:
    """The program and its dependencies, with no trace of where it was built; ``wheels`` take the place of what PyPI has."""
    # A copy, because what an earlier build has left in the repository would be packed as well.
    source.mkdir()
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, source / name)
    venv = root / VENV
    _run(PYTHON, "-m", "venv", "--without-pip", venv)
    fill(venv, source, wheels)
    for path in (venv / "bin").iterdir():
        if not path.name.startswith("python"):
            path.unlink()
    launcher = venv / "bin/edge-agent"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    config = venv / "pyvenv.cfg"
    config.write_text("".join(line for line in config.read_text().splitlines(True) if not line.startswith("command")))
    for name in ("direct_url.json", "__pycache__"):
        for path in venv.rglob(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in venv.rglob("*"):
        if not path.is_symlink():
            # Wheels carry whatever modes their builders had.
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/edge-agent").symlink_to(f"../lib/edge-agent/{VENV.name}/bin/edge-agent")


def fill(venv: Path, source: Path, wheels: Sequence[Path]) -> None:
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin/python"]
    install = [*pip, "install", "--quiet", "--no-compile", "--no-warn-script-location"]
    _run(*install, f"{source}[pulse]")
    if any(wheel.name.startswith("onnxruntime_") for wheel in wheels):
        _run(*pip, "uninstall", "--quiet", "--yes", "onnxruntime")  # the same module under another name
    if wheels:
        _run(*install, "--no-deps", "--force-reinstall", *wheels)


def lay_out(root: Path, device: str, speaker: str) -> list[str]:
    """Units, rules and configuration, by the program itself; the configuration files among them."""
    systemd = subprocess.run(["systemctl", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    options = ["--device", device, "--speaker", speaker, "--program", "/usr/bin/edge-agent", "--systemd", systemd]
    command = [root / VENV / "bin/python", "-m", "edge_agent", "install", "--prefix", root, *options]
    _run(*command)
    # The very release the dependencies are for. Relative, which would not be found here any more, so this is the last use of it.
    interpreter = root / VENV / "bin/python3"
    interpreter.unlink()
    interpreter.symlink_to(f"../../../../bin/{_python()}")
    # dpkg keeps its own list.
    (root / "usr/share/edge-agent/manifest.json").unlink()
    for path in (root / VENV).rglob("__pycache__"):
        shutil.rmtree(path)
    return sorted(f"/{path.relative_to(root)}" for path in (root / "etc").rglob("*") if path.is_file())


def document(root: Path, maintainer: str) -> None:
    """Licence, notices and a change log in the form dpkg's tools read."""
    folder = root / "usr/share/doc" / NAME
    folder.mkdir(parents=True)
    licences = "\n\n".join(_licence_of(path) for path in sorted((root / VENV).rglob("*.dist-info")))
    text = f"{(REPOSITORY / 'NOTICE').read_text()}\nOn Debian systems the Apache License 2.0 is /usr/share/common-licenses/Apache-2.0.\n"
    text += f"\nPackages carried beside it, each with its licence in {VENV}/lib:\n\n{licences}\n"
    (folder / "copyright").write_text(text)
    log = f"{NAME} ({_version()}) unstable; urgency=medium\n\n  * See {NAME}'s own CHANGELOG.\n\n -- {maintainer}  {formatdate(_epoch())}\n"
    with (folder / "changelog.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(log.encode())
    overrides = root / "usr/share/lintian/overrides"
    overrides.mkdir(parents=True)
    shutil.copy(REPOSITORY / "debian/lintian-overrides", overrides / NAME)


def describe(root: Path, maintainer: str, configs: list[str]) -> None:
    """The package's own files: control, scripts, configuration files, checksums."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    units = " ".join(path.name for path in root.glob("usr/lib/systemd/system/edge-agent-*.service") if path.stem.endswith(("power", "i2s")))
    control = root / "DEBIAN"
    control.mkdir()
    fields = {
        "name": NAME,
        "version": _version(),
        "architecture": _architecture(),
        "maintainer": maintainer,
        "size_kib": sum(path.stat().st_size for path in files) // 1024,
        "python": _python(),
    }
    (control / "control").write_text(CONTROL.format(**fields))
    (control / "conffiles").write_text("".join(f"{path}\n" for path in configs))
    sums = (f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n" for path in files)
    (control / "md5sums").write_text("".join(sums))
    for name in ("postinst", "prerm", "postrm"):
        text = (REPOSITORY / "debian" / name).read_text().replace(" @DEVICE_UNITS@", f" {units}" if units else "")
        (control / name).write_text(text)
        (control / name).chmod(0o755)


def pack(root: Path, out: Path) -> Path:
    """The package's file."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{NAME}_{_version()}_{_architecture()}.deb"
    environ = os.environ | {"SOURCE_DATE_EPOCH": str(_epoch())}
    # The best level takes minutes for the last tenth.
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(root), str(target)]
    subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
    return target


def _licence_of(folder: Path) -> str:
    text = (folder / "METADATA").read_text("utf-8", "replace").partition("\n\n")[0]
    fields = dict(re.findall(r"(?m)^(Name|Version|License-Expression|License): (.+)$", text))
    classifiers = re.findall(r"(?m)^Classifier: License :: (?:OSI Approved :: )?(.+)$", text)
    licence = fields.get("License-Expression") or ", ".join(classifiers) or fields.get("License", "see its files")
    return f"{fields['Name']} {fields['Version']}: {licence}"


def _maintainer() -> str:
    return f"{os.environ.get('DEBFULLNAME', 'Edge voice agent')} <{os.environ.get('DEBEMAIL', 'maintainers@edge-voice-agent.invalid')}>"


def _version() -> str:
    text = (REPOSITORY / "edge_agent/__init__.py").read_text()
    match = re.search(r'__version__ = "([^"]+)"', text)
    assert match
    return match[1]


def _epoch() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))


def _architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def _python() -> str:
    """The package of the interpreter that the environment is bound to, such as python3.11."""
    return PYTHON.resolve().name


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main())
