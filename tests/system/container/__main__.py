"""Installs the package in a booted container, breaks what can be broken, removes it, and says what was found.

    make deb && sudo .venv/bin/python -m tests.system.container --deb out/edge-voice-agent_0.1.0_amd64.deb
    sudo .venv/bin/python -m tests.system.container --suite jammy --tree /var/tmp/edge-agent-jammy --components main,universe \\
        --mirror URL --keyring /usr/share/keyrings/ubuntu-archive-keyring.gpg

Makes a tree of the release at --tree when there is none (Debian 12 in a minute), and without --deb builds the package in it (three
minutes and a network), so that its Python is the release's. Then it takes about seven minutes: most of that is the watchdog being
given its time. Let nothing else run meanwhile: a restart is measured by the clock, with the machine's load beside it. Needs root and
the Debian packages systemd-container and debootstrap. Nothing of it stays but the tree: all writes go to memory.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rigs.apt import archive

PACKAGES = (
    "systemd,systemd-sysv,dbus,udev,python3,python3-systemd,libportaudio2,libasound2-plugins,alsa-utils,mosquitto,mosquitto-clients,"
    "procps,kmod,python3-venv"
)
REPOSITORY = Path(__file__).resolve().parents[3]
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NSPAWN = ("systemd-nspawn", "--quiet", "--volatile=overlay", "--register=no", "--keep-unit")
BUILD = """\
python3 -m venv /build/venv
/build/venv/bin/python -m pip install --quiet --upgrade pip
/build/venv/bin/python /repository/debian/build.py --out /build/out
"""
UNIT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /rig/checks.sh >/rig/out 2>&1; echo $? >/rig/rc; systemctl --no-block poweroff'
TimeoutStartSec=1140
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deb", type=Path, help="the package; built in the tree when it is not given")
    parser.add_argument("--tree", type=Path, default=Path("/var/tmp/edge-agent-tree"), help="a tree of the release it was built for")
    parser.add_argument("--suite", default="bookworm", help="that release, when the tree is made")
    parser.add_argument("--mirror", default=archive(), required=archive() is None, help="where its packages are [%(default)s]")
    parser.add_argument("--components", default="main", help="of the mirror")
    parser.add_argument("--keyring", type=Path, help="of the mirror; Debian's own are found without")
    arguments = parser.parse_args()
    if not (arguments.tree / "etc/debian_version").exists():
        options = [f"--components={arguments.components}", *([f"--keyring={arguments.keyring}"] if arguments.keyring else [])]
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", *options, arguments.suite, arguments.tree, arguments.mirror]
        subprocess.run(list(map(str, command)), check=True)
    tree = arguments.tree.resolve()
    with tempfile.TemporaryDirectory(prefix="edge-agent-container-") as folder:
        rig = Path(folder)
        for script in ("checks.sh", "stick.sh", "threads.sh"):
            shutil.copy(Path(__file__).with_name(script), rig)
        shutil.copy(arguments.deb or build(tree, rig), rig / "package.deb")
        (rig / "rig.service").write_text(UNIT)
        command = [
            *NSPAWN, f"--directory={tree}", "--boot", f"--bind={rig}:/rig",
            f"--bind-ro={rig}/rig.service:/etc/systemd/system/rig.service", "--link-journal=no", "--console=pipe",
            "systemd.wants=rig.service", "systemd.show_status=false",
        ]  # fmt: skip
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, check=False)
        out = rig / "out"
        print(out.read_text() if out.exists() else run.stdout + run.stderr, end="")
        code = rig / "rc"
        return int(code.read_text()) if code.exists() else 99


def build(tree: Path, folder: Path) -> Path:
    """The package, made by the tree's Python in ``folder``."""
    (folder / "build").mkdir()
    command = [
        *NSPAWN, f"--directory={tree}", f"--bind={folder}/build:/build", f"--bind-ro={REPOSITORY}:/repository",
        "--resolv-conf=off", "--timezone=off", "--bind-ro=/etc/resolv.conf", "--bind-ro=/etc/hosts", f"--bind-ro={CERTIFICATES}",
        f"--setenv=PIP_CERT={CERTIFICATES}", "--setenv=TMPDIR=/build", "--console=pipe", "sh", "-ec", BUILD,
    ]  # fmt: skip
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    (package,) = (folder / "build/out").glob("*.deb")
    return package


if __name__ == "__main__":
    sys.exit(main())
