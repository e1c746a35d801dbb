"""The machine: QEMU in software, told what to do over its monitor (QMP) and over a command port into the guest."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.system.guest.paths import Paths

BOOTED = "booted"
"""The saved state of a guest that has booted and whose daemon ran once and was stopped: what it needs is in memory."""
_CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
"""What NumPy's wheels need, and no more: with "max", programs in the guest failed at random."""
_BOOT_S = 900.0
_GREET_EVERY_S = 5.0
_ASK_EVERY_S = 1.0
_SLACK_S = 120.0
"""How much longer than it said it would a command may take to answer on a busy machine."""
_COMMAND_LINE = (
    "console=ttyS0 root=/dev/vda rw quiet loglevel=4 mitigations=off systemd.show_status=false net.ifnames=0 audit=0 panic=-1"
    " no_timer_check"  # which a busy machine fails
)


class MachineError(Exception):
    """The machine did not do what it was told to; the message has what it said."""


class Machine:
    """A running guest. Close it, or use it as a context manager.

    Args:
        disk: a qcow2 image, which is written to.
        sound: the WAV file for what the sound card plays.
        state: start from this saved state; None boots.
    """

    def __init__(self, paths: Paths, disk: Path, *, sound: Path | None = None, state: str | None = None) -> None:
        self._folder = paths.run / f"machine-{os.getpid()}"
        self._folder.mkdir(parents=True, exist_ok=True)
        for stale in self._folder.glob("*.sock"):
            stale.unlink()
        self.console = self._folder / "console.log"
        self.console.write_text("")
        self._started = time.monotonic()
        command = [
            "setpriv", "--pdeathsig", "KILL",  # no machine outlives a test that was killed
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", _CPU, "-smp", "2", "-M", "q35", "-m", "1536",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", str(paths.kernel), "-initrd", str(paths.initrd), "-append", _COMMAND_LINE,
            "-drive", f"file={disk},if=virtio,format=qcow2,cache=writeback",
            "-qmp", f"unix:{self._folder}/qmp.sock,server=on,wait=off",
            "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=port,path={self._folder}/port.sock,server=on,wait=off",
            "-device", "virtserialport,chardev=port,name=guest", "-device", "qemu-xhci,id=xhci", "-device", "virtio-rng-pci",
            "-audiodev", f"wav,id=sound,path={sound or os.devnull},out.frequency=48000,out.channels=2,out.format=s16",
            "-device", "intel-hda", "-device", "hda-output,audiodev=sound",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net", "-device", "virtio-scsi-pci,id=scsi",
            *(["-loadvm", state] if state else []),
        ]  # fmt: skip
        self._errors = self._folder / "qemu.err"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command, stderr=errors)
        self._sticks: dict[str, list[str]] = {}
        self._n_commands = 0
        self._port: socket.socket | None = None
        self._received = b""
        try:
            self._monitor = self._connect("qmp.sock").makefile("rwb")
            self._monitor.readline()
            self.monitor("qmp_capabilities")
        except BaseException:
            self.cut()
            raise

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def age_s(self) -> float:
        """Seconds since its power was switched on."""
        return time.monotonic() - self._started

    # ---- power

    def close(self) -> None:
        """Switch it off as QEMU does it by itself: its sound file gets a proper header."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError, ValueError, MachineError):
                self.monitor("quit")
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self.cut()

    def cut(self) -> None:
        """Cut the power: what the guest has not flushed to its disk is gone."""
        self._process.kill()
        self._process.wait()
        for end in (self._port, getattr(self, "_monitor", None)):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()

    def save(self, name: str) -> None:
        """Keep the state of the whole machine in its disk.

        Raises:
            MachineError: QEMU cannot.
        """
        if said := self.monitor("human-monitor-command", **{"command-line": f"savevm {name}"}).strip():
            raise MachineError(said)

    # ---- monitor

    def monitor(self, command: str, **arguments: Any) -> Any:
        """One QMP command; what it returns.

        Raises:
            MachineError: QEMU refuses it.
        """
        self._monitor.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._monitor.flush()
        while line := self._monitor.readline():
            message = json.loads(line)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise MachineError(f"{command}: {message['error'].get('desc')}")
        raise MachineError(f"{command}: QEMU has gone: {self._errors.read_text()}")

    # ---- disks

    def attach(self, disk: Path) -> None:
        """Put in a second disk, a raw image, which no saved state knows of."""
        self.monitor("blockdev-add", driver="raw", file={"driver": "file", "filename": str(disk)}, **{"node-name": "data"})
        self.monitor("device_add", driver="scsi-hd", id="data-device", drive="data", bus="scsi.0", serial="data")

    def plug(self, image: Path, *, name: str = "stick", bad_from: int | None = None, bytes_per_s: int | None = None) -> None:
        """Put a stick in: reads from the byte ``bad_from`` on fail, and it is no faster than ``bytes_per_s``."""
        nodes = [f"{name}-file"]
        self.monitor("blockdev-add", driver="file", filename=str(image), **{"node-name": nodes[0]})
        if bad_from is not None:
            sectors = range(bad_from // 512, min(image.stat().st_size // 512, bad_from // 512 + 64))
            failing = {"event": "none", "iotype": "read", "errno": 5, "once": False, "immediately": True}
            errors = [{**failing, "sector": sector} for sector in sectors]
            self.monitor("blockdev-add", driver="blkdebug", image=nodes[-1], **{"node-name": f"{name}-bad", "inject-error": errors})
            nodes.append(f"{name}-bad")
        if bytes_per_s is not None:
            rate = f"{name}-rate"
            self.monitor("object-add", id=rate, limits={"bps-total": bytes_per_s}, **{"qom-type": "throttle-group"})
            self.monitor("blockdev-add", driver="throttle", file=nodes[-1], **{"node-name": f"{name}-slow", "throttle-group": rate})
            nodes.append(f"{name}-slow")
        self.monitor("blockdev-add", driver="raw", file=nodes[-1], **{"node-name": name})
        self.monitor("device_add", driver="usb-storage", id=f"{name}-device", drive=name, bus="xhci.0", removable=True)
        self._sticks[name] = [name, *reversed(nodes)]

    def unplug(self, name: str = "stick") -> None:
        """Pull the stick out, without asking anybody."""
        self.monitor("device_del", id=f"{name}-device")
        for node in self._sticks.pop(name):
            self._until(lambda node=node: self._deleted(node), f"the release of {node}", 20.0)
        with contextlib.suppress(MachineError):
            self.monitor("object-del", id=f"{name}-rate")

    def _deleted(self, node: str) -> bool:
        try:
            self.monitor("blockdev-del", **{"node-name": node})
        except MachineError as error:
            return "in use" not in str(error)
        return True

    # ---- in the guest

    def shell(self, line: str, *, timeout_s: float = 120.0, check: bool = True) -> str:
        """Run a shell line as root; what it printed.

        Raises:
            MachineError: it failed (``check``), or the guest has gone.
        """
        status, said = self._run(line, timeout_s)
        if check and status:
            raise MachineError(f"{line!r} ended with {status}: {said}\n{self.log(60)}")
        return said

    def until(self, line: str, what: str, *, within_s: float = 180.0) -> str:
        """Run a shell line again and again until it succeeds; what it printed then.

        Raises:
            MachineError: it did not in time.
        """
        until = time.monotonic() + within_s
        while True:
            status, said = self._run(line, 120.0)
            if status == 0:
                return said
            if time.monotonic() > until:
                raise MachineError(f"gave up waiting for {what} after {within_s:g} s: {said}\n{self.log(60)}")
            time.sleep(_ASK_EVERY_S)

    def log(self, lines: int = 100) -> str:
        """The end of the guest's journal."""
        return self.shell(f"journalctl -b --no-pager -o short-monotonic -n {lines}", check=False)

    def wait_for_port(self) -> socket.socket:
        """First contact. What is sent before the guest has opened its end is lost, so it is asked again and again."""
        self._port = port = self._connect("port.sock")
        port.settimeout(_GREET_EVERY_S)
        until = time.monotonic() + _BOOT_S
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                self._send(0, "true", 10.0)
                self._answer(port)
                return port
        raise MachineError(f"the guest does not answer; its console ends with: {self.console.read_text(errors='replace')[-2000:]}")

    def _run(self, line: str, timeout_s: float) -> tuple[int, str]:
        port = self._port or self.wait_for_port()
        self._n_commands += 1
        port.settimeout(timeout_s + _SLACK_S)
        self._send(self._n_commands, line, timeout_s)
        while (answer := self._answer(port))["number"] != self._n_commands:
            pass
        return answer["status"], answer["out"] + answer["err"]

    def _send(self, number: int, line: str, timeout_s: float) -> None:
        self._port.sendall(json.dumps({"number": number, "sh": line, "timeout_s": timeout_s}).encode() + b"\n")

    def _answer(self, port: socket.socket) -> dict[str, Any]:
        while b"\n" not in self._received:
            piece = port.recv(1 << 16)
            if not piece:
                raise MachineError("the guest has gone")
            self._received += piece
        line, self._received = self._received.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _connect(self, name: str) -> socket.socket:
        end = socket.socket(socket.AF_UNIX)

        def connected() -> bool:
            if self._process.poll() is not None:
                raise MachineError(f"QEMU did not start: {self._errors.read_text()}")
            try:
                end.connect(str(self._folder / name))
            except OSError:
                return False
            return True

        self._until(connected, name, 20.0)
        return end

    def _until(self, true: Callable[[], bool], what: str, within_s: float) -> None:
        until = time.monotonic() + within_s
        while not true():
            if time.monotonic() > until:
                raise MachineError(f"gave up waiting for {what} after {within_s:g} s")
            time.sleep(0.1)
