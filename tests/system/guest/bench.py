"""A guest with a broker and a requester beside it, and a record of what passed."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rigs.mosquitto import Mosquitto
from tests.rigs.mqtt_peer import Peer
from tests.system.guest.machine import BOOTED, Machine, MachineError
from tests.system.guest.paths import Paths
from tests.system.requester import Requester

DAEMON_UP_S = 300.0


@dataclass
class Record:
    """What passed and what did not, printed as it happens."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def case(self, name: str, action: Callable[[], str | None]) -> None:
        """Run one case: it may return a remark, and fails by raising."""
        began = time.monotonic()
        try:
            remark = action() or ""
        except (AssertionError, MachineError, OSError) as error:
            self.failed.append(name)
            traceback.print_exc()
            say(f"FAIL  {name}  {time.monotonic() - began:.0f} s  {error}")
            return
        self.passed += 1
        say(f"PASS  {name}  {time.monotonic() - began:.0f} s  {remark}")


class Bench:
    """Starts guests from the saved state. One at a time."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._numbers = itertools.count()

    def new_disk(self) -> Path:
        """A copy of the guest's disk to be written to; there is one at a time."""
        disk = self.paths.run / "guest.qcow2"
        shutil.copyfile(self.paths.disk, disk)
        return disk

    def sound(self) -> Path:
        return self.paths.run / f"heard-{next(self._numbers)}.wav"

    @contextmanager
    def guest(self, *, broker_port: int = 1, sound: Path | None = None) -> Iterator[Machine]:
        """A guest whose daemon runs. Without a broker's port it has none."""
        with Machine(self.paths, self.new_disk(), sound=sound, state=BOOTED) as machine:
            set_clock(machine)
            set_broker(machine, broker_port)
            machine.shell("systemctl start edge-agent", timeout_s=DAEMON_UP_S)
            yield machine

    @contextmanager
    def broker(self) -> Iterator[tuple[Mosquitto, Requester]]:
        """A broker on this machine, which the guest reaches over QEMU's network, and somebody who asks for speech."""
        folder = self.paths.run / "broker"
        shutil.rmtree(folder, ignore_errors=True)
        broker = Mosquitto(folder, persistence=True)
        broker.start()
        peer = Peer(broker.port)
        try:
            yield broker, Requester(peer)
        finally:
            peer.close()
            broker.stop()

    def recipient(self) -> str:
        """The guest's own key, which packs are sealed for."""
        facts = json.loads((self.paths.cache / "device.json").read_text())
        return str(facts["device"]["recipient"])


def set_clock(machine: Machine) -> None:
    """A guest that comes out of a saved state lives in the past."""
    machine.shell(f"date -s @{time.time():.0f}")


def set_broker(machine: Machine, port: int) -> None:
    machine.shell(f"sed -i 's/^port = .*/port = {port}/' /etc/edge-agent/config.toml")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
