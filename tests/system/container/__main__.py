"""Installs the package in a booted container, breaks what can be broken, removes it, and says what was found.

    make deb && sudo .venv/bin/python -m tests.system.container --deb out/edge-voice-agent_0.1.0_amd64.deb

Makes a tree of Debian 12 at --tree when there is none (a minute), then takes about seven minutes: most of that is the watchdog being
given its time. Let nothing else run meanwhile: a restart is measured by the clock, with the machine's load beside it. Needs root and
the Debian packages systemd-container and debootstrap. Nothing of it stays: all writes go to memory.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = (
    "systemd,systemd-sysv,dbus,udev,python3,python3-systemd,libportaudio2,libasound2-plugins,alsa-utils,mosquitto,mosquitto-clients,procps,kmod"
)
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
    parser.add_argument("--deb", type=Path, required=True, help="the package")
    parser.add_argument("--tree", type=Path, default=Path("/var/tmp/edge-agent-tree"), help="a tree of the release it was built for")
    parser.add_argument("--suite", default="bookworm", help="that release, when the tree is made")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    arguments = parser.parse_args()
    if not (arguments.tree / "etc/debian_version").exists():
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", arguments.suite, arguments.tree, arguments.mirror]
        subprocess.run(list(map(str, command)), check=True)
    with tempfile.TemporaryDirectory(prefix="edge-agent-container-") as folder:
        rig = Path(folder)
        for script in ("checks.sh", "stick.sh", "threads.sh"):
            shutil.copy(Path(__file__).with_name(script), rig)
        shutil.copy(arguments.deb, rig / "package.deb")
        (rig / "rig.service").write_text(UNIT)
        command = [
            "systemd-nspawn", "--quiet", f"--directory={arguments.tree.resolve()}", "--volatile=overlay", "--register=no", "--keep-unit",
            "--boot", f"--bind={rig}:/rig", f"--bind-ro={rig}/rig.service:/etc/systemd/system/rig.service", "--link-journal=no",
            "--console=pipe", "systemd.wants=rig.service", "systemd.show_status=false",
        ]  # fmt: skip
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, check=False)
        out = rig / "out"
        print(out.read_text() if out.exists() else run.stdout + run.stderr, end="")
        code = rig / "rc"
        return int(code.read_text()) if code.exists() else 99


if __name__ == "__main__":
    sys.exit(main())
