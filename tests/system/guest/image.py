"""Builds the guest's disk: Debian with systemd, the project's package and units, and a command port for the tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.rigs import apt
from tests.system.guest import numbers
from tests.system.guest.machine import BOOTED, Machine
from tests.system.guest.packs import Depot
from tests.system.guest.paths import REPOSITORY, Paths

RELEASE = "bookworm"
_PACKAGES = (
    "systemd", "systemd-sysv", "udev", "dbus", "kmod", "util-linux", "procps", "adduser", "initramfs-tools", "lz4", "linux-image-amd64",
    "alsa-utils", "libasound2-plugins", "libportaudio2", "dosfstools", "python3", "python3-venv", "minisign", "age",
    "mosquitto", "mosquitto-clients",
)  # fmt: skip
_UNWANTED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "dpkg-db-backup.timer",
    "systemd-timesyncd.service", "getty@tty1.service", "alsa-restore.service", "alsa-state.service",
)  # fmt: skip
_FILES = Path(__file__).with_name("files")
_DISK_BYTES = 3 << 30
_VENV = "opt/edge-agent"


def build(paths: Paths) -> None:
    """Make whatever is missing, and the disk anew with the repository as it is.

    Raises:
        subprocess.CalledProcessError: a tool failed; what it said is on standard error.
    """
    paths.run.mkdir(parents=True, exist_ok=True)
    if not (paths.cache / "debian.done").exists():
        _debian(paths)
    _dependencies(paths)
    _project(paths)
    _overlay(paths.root)
    _disk(paths)
    _boot(paths)


def _debian(paths: Paths) -> None:
    shutil.rmtree(paths.root, ignore_errors=True)
    _say("installing Debian (4 minutes)")
    _run("mmdebstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", RELEASE, paths.root, _sources())
    settings = paths.root / "etc/initramfs-tools"
    # A small initial RAM disk halves the boot under emulation.
    (settings / "modules").write_text("virtio_pci\nvirtio_blk\next4\n")
    conf = (settings / "initramfs.conf").read_text()
    conf = re.sub(r"(?m)^MODULES=.*", "MODULES=list", re.sub(r"(?m)^#? ?COMPRESS=.*", "COMPRESS=lz4", conf, count=1))
    (settings / "initramfs.conf").write_text(conf)
    _chroot(paths.root, "update-initramfs", "-u")
    _chroot(paths.root, "passwd", "-d", "root")
    (paths.cache / "debian.done").touch()


def _dependencies(paths: Paths) -> None:
    """The Python packages in the guest, from wheels downloaded here: the guest has no network."""
    stamp = paths.cache / "python.done"
    requirements = _requirements((REPOSITORY / "pyproject.toml").read_text())
    wanted = "\n".join(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _say("installing the Python packages (2 minutes)")
    version = _chroot(paths.root, "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
    shutil.rmtree(paths.wheels, ignore_errors=True)
    tags = [f"--platform=manylinux_2_{glibc}_x86_64" for glibc in (17, 27, 28, 34)] + ["--platform=manylinux2014_x86_64"]
    _run(
        sys.executable, "-m", "pip", "download", "--quiet", "--dest", paths.wheels, "--only-binary=:all:", "--python-version", version,
        *tags, *requirements,
    )  # fmt: skip
    inside = paths.root / "var/tmp/wheels"
    shutil.rmtree(inside, ignore_errors=True)
    shutil.rmtree(paths.root / _VENV, ignore_errors=True)
    shutil.copytree(paths.wheels, inside)
    _chroot(paths.root, "python3", "-m", "venv", f"/{_VENV}")
    wheels = [f"/var/tmp/wheels/{wheel.name}" for wheel in inside.iterdir()]
    _chroot(paths.root, f"/{_VENV}/bin/pip", "install", "--quiet", "--no-index", "--no-deps", *wheels)
    shutil.rmtree(inside)
    stamp.write_text(wanted)


def _requirements(pyproject: str) -> list[str]:
    """What ``[project] dependencies`` lists; read by its own line format, since Python 3.10 has no tomllib."""
    block = re.search(r"(?ms)^dependencies = \[\n(.*?)^\]", pyproject)
    if block is None:
        raise ValueError("pyproject.toml has no dependencies")
    return re.findall(r'(?m)^ +"([^"]+)"', block[1])


def _project(paths: Paths) -> None:
    """The repository as a wheel in the guest's environment, and what ``edge-agent install`` lays out."""
    _say("installing the project")
    # Built from a copy: building leaves folders behind.
    source, built = paths.run / "source", paths.run / "wheel"
    for folder in (source, built):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(".*", "out", "build", "*.egg-info", "__pycache__", "tests"))
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", built, source)
    (wheel,) = built.glob("*.whl")
    shutil.copy(wheel, paths.root / "var/tmp")
    pip = (f"/{_VENV}/bin/pip", "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall")
    _chroot(paths.root, *pip, f"/var/tmp/{wheel.name}")
    (paths.root / "var/tmp" / wheel.name).unlink()
    _link(paths.root / "usr/bin/edge-agent", f"/{_VENV}/bin/edge-agent")
    _chroot(paths.root, "edge-agent", "install", "--prefix", "/")
    _chroot(paths.root, "systemd-sysusers")
    _chroot(paths.root, "systemctl", "enable", "edge-agent.service")
    phrases = paths.root / "var/cache/edge-agent/phrases"
    shutil.rmtree(phrases, ignore_errors=True)
    phrases.parent.mkdir(parents=True, exist_ok=True)
    numbers.seed(phrases, paths.run / "state")
    _chroot(paths.root, "chown", "-R", "edge-agent:edge-agent", "/var/cache/edge-agent")


def _overlay(root: Path) -> None:
    """The test's own files: its configuration of daemon, broker and sound, and its command port."""
    shutil.copytree(_FILES / "root", root, dirs_exist_ok=True)
    for unit in (*_UNWANTED, "mosquitto.service"):
        _link(root / "etc/systemd/system" / unit, "/dev/null")
    _chroot(root, "systemctl", "enable", "--quiet", "systemd-networkd.service")


def _disk(paths: Paths) -> None:
    """A file system made from the tree, without a loop device and without mounting anything."""
    for name, wanted in (("vmlinuz", paths.kernel), ("initrd.img", paths.initrd)):
        (found,) = (paths.root / "boot").glob(f"{name}-*")
        shutil.copy(found, wanted)
    raw = paths.run / "disk.raw"
    raw.unlink(missing_ok=True)
    _say("making the disk (1 minute)")
    with raw.open("wb") as file:
        file.truncate(_DISK_BYTES)
    _run("mke2fs", "-q", "-t", "ext4", "-d", paths.root, raw)
    _run("qemu-img", "convert", "-O", "qcow2", raw, paths.disk)
    raw.unlink()


def _boot(paths: Paths) -> None:
    """Boot once as any device does, with the daemon coming up by itself, and keep the state in which the tests begin."""
    _say("booting (1 to 3 minutes)")
    with Machine(paths, paths.disk) as machine:
        machine.shell("systemctl is-system-running --wait", timeout_s=600)
        machine.until("systemctl is-active edge-agent", "the daemon to come up by itself")
        _say(f"the guest was up {machine.age_s:.0f} s after its power was switched on")
        machine.shell("edge-agent --version; edge-agent say --out /tmp/warm.wav a; rm /tmp/warm.wav", timeout_s=300)
        machine.shell("runuser -u edge-agent -- edge-agent keys init")
        machine.shell(f"runuser -u edge-agent -- edge-agent keys trust station {Depot(paths.cache / 'keys').public}")
        (paths.cache / "device.json").write_text(machine.shell("runuser -u edge-agent -- edge-agent keys show --json"))
        machine.shell("systemctl stop edge-agent; modprobe -a vfat usb-storage uas sd_mod nls_cp437 nls_iso8859-1 nls_ascii nls_utf8")
        machine.shell("amixer -q sset Master 100% unmute; mkdir -p /data; udevadm settle; sync")
        machine.save(BOOTED)


def _sources() -> Path:
    """The file that says where this machine's own Debian comes from.

    Raises:
        FileNotFoundError: none names ``RELEASE``.
    """
    for path in apt.sources():
        if re.search(rf"(?m)^(Suites:|deb ).*\b{RELEASE}\b", path.read_text()):
            return path
    raise FileNotFoundError(f"no file in {apt.APT} names Debian {RELEASE}")


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _chroot(root: Path, *command: object) -> str:
    return _run("chroot", root, "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", *command)


def _run(*command: object) -> str:
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True).stdout


def _say(what: str) -> None:
    sys.stderr.write(f"guest: {what}\n")
