"""What the systemd of each supported release makes of our units.

    sudo .venv/bin/python -m tests.system.container.versions --ubuntu URL                    # all of them
    sudo .venv/bin/python -m tests.system.container.versions --ubuntu URL --release jammy    # JetPack 6's

Unpacks systemd and Python of each release below --trees (once; some seconds each), lays our units out there as ``edge-agent install``
does, boots it in a container and looks: what its parser does not know, how exposed it finds the units, and what a program that stands
for the daemon is let do by the sandbox that was really set up. Needs root and the Debian packages mmdebstrap and systemd-container,
and for Ubuntu's releases the keys of its archive (package ubuntu-keyring there; the key is F6EC B376 2474 EDA9 D21B 7022 8719 20D1 991B
C93C). How long it takes is in systemd/README.md. The whole program is installed and run only by ``python -m tests.system.container``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge_agent.install import install, lay_out, systemd_version
from edge_agent.service import notify
from tests.rigs.apt import archive

HERE = Path(__file__).parent
PACKAGES = "base-files,base-passwd,systemd,udev,python3,mount,util-linux,coreutils,dash,bash,findutils,procps,grep,sed,passwd"
LIMIT_S = 170
UNIT = """\
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=WANTED={version} "PRETTY_NAME={name}"
ExecStart=/bin/sh -c 'bash /rig/versions.sh >/rig/out 2>&1; echo $? >/rig/rc'
TimeoutStartSec={limit_s}
"""


@dataclass(frozen=True, slots=True)
class Release:
    name: str
    systemd: int
    is_ubuntu: bool


RELEASES = {
    "jammy": Release("Ubuntu 22.04 (JetPack 6)", 249, is_ubuntu=True),
    "bookworm": Release("Debian 12", 252, is_ubuntu=False),
    "noble": Release("Ubuntu 24.04 (JetPack 7)", 255, is_ubuntu=True),
    "trixie": Release("Debian 13", 257, is_ubuntu=False),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--release", choices=RELEASES, action="append", help="only this one; may be given again")
    parser.add_argument("--trees", type=Path, default=Path("/var/tmp/edge-agent-releases"), help="where the releases are unpacked")
    parser.add_argument("--debian", default=archive(), help="Debian's archive [%(default)s]")
    parser.add_argument("--ubuntu", help="Ubuntu's archive")
    parser.add_argument("--ubuntu-keyring", type=Path, default=Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg"), help="its keys")
    arguments = parser.parse_args()
    failures = 0
    for name in arguments.release or RELEASES:
        tree = arguments.trees / name
        if not tree.exists():
            wanted = "--ubuntu" if RELEASES[name].is_ubuntu else "--debian"
            if getattr(arguments, wanted[2:]) is None:
                parser.error(f"{name} comes from an archive that only you know: give {wanted} URL")
            if RELEASES[name].is_ubuntu and not arguments.ubuntu_keyring.exists():
                parser.error(f"{arguments.ubuntu_keyring} is not there: unpack the package ubuntu-keyring, or give --ubuntu-keyring")
            unpack(tree, source_of(name, arguments))
        failures += look(tree, RELEASES[name])
    return min(failures, 99)


def source_of(name: str, arguments: argparse.Namespace) -> str:
    """The line of apt's sources for a release."""
    if RELEASES[name].is_ubuntu:
        return f"deb [signed-by={arguments.ubuntu_keyring.resolve()}] {arguments.ubuntu} {name} main"
    return f"deb {arguments.debian} {name} main"


def unpack(tree: Path, source: str) -> None:
    """The packages' files and nothing else: no script of theirs is run."""
    tree.parent.mkdir(parents=True, exist_ok=True)
    half = tree.with_name(f"{tree.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract", f"--include={PACKAGES}", tree.name, str(half), source]
    subprocess.run(command, check=True)
    # What base-passwd's script would have made.
    for file in ("passwd", "group"):
        shutil.copy(half / f"usr/share/base-passwd/{file}.master", half / "etc" / file)
    # Else a first boot enables whatever there is.
    (half / "etc/machine-id").write_text(f"{1:032x}\n")
    half.rename(tree)


def look(tree: Path, release: Release) -> int:
    """Boot a copy with our files in it; the number of failures."""
    with tempfile.TemporaryDirectory(dir=tree.parent, prefix=".look-") as folder:
        root, rig = Path(folder) / "root", Path(folder) / "rig"
        # Linked, not copied: nothing in it is written in place, and the container's own writes go to memory.
        subprocess.run(["cp", "--archive", "--link", tree, root], check=True)
        version = systemd_version(root)
        install(root, lay_out("orin-nano", systemd=version or release.systemd))
        lay_stand_in(root)
        rig.mkdir()
        shutil.copy(HERE / "versions.sh", rig)
        unit = rig / "rig.service"
        unit.write_text(UNIT.format(version=release.systemd, name=release.name, limit_s=LIMIT_S))
        command = [
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",  # what does not end in time ends with it
            "systemd-nspawn", "--quiet", f"--directory={root}", "--volatile=overlay", "--register=no", "--keep-unit", "--boot",
            f"--bind={rig}:/rig", f"--bind-ro={unit}:/etc/systemd/system/rig.service", "--link-journal=no", "--console=pipe",
            "systemd.wants=rig.service", "systemd.show_status=false",
        ]  # fmt: skip
        try:
            said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S + 30, check=False).stdout
        except subprocess.TimeoutExpired as error:
            said = error.stdout or b""
        out, code = rig / "out", rig / "rc"
        print(out.read_text() if out.exists() else said.decode("utf-8", "replace"))
        return int(code.read_text()) if code.exists() else 99


def lay_stand_in(root: Path) -> None:
    """In the place of the program, with the daemon's own way of talking to systemd beside it."""
    folder = root / "usr/lib/edge-agent/stand-in"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "stand_in.py", folder)
    shutil.copy(str(notify.__file__), folder)
    folder.joinpath("stand_in.py").chmod(0o755)
    root.joinpath("usr/bin/edge-agent").symlink_to("../lib/edge-agent/stand-in/stand_in.py")


if __name__ == "__main__":
    sys.exit(main())
