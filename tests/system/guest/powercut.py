"""The power is cut at random moments while the device speaks, fills its cache and takes in voices.

The daemon's state lies on a partition of its own, as on a device with a read-only root. After each cut it is read twice: here, as
its file system's journal leaves it, and by the guest that comes up from the same saved state with it, speaks what is left to be
spoken, and is cut again. A few cuts more are of a machine that then boots as a whole, its only disk cut with it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

from tests.rigs.daemon import BASE
from tests.system import codes
from tests.system.guest import numbers
from tests.system.guest.bench import DAEMON_UP_S, Bench, Record, say, set_broker, set_clock
from tests.system.guest.disk import Disk
from tests.system.guest.machine import BOOTED, Machine
from tests.system.guest.packs import Depot
from tests.system.guest.sound import RATE, heard
from tests.system.requester import Requester

KINDS = ("speech", "cache", "voice")
PER_LIFE = 3
N_PACKS = 6
_DATA_BYTES = 1 << 30
_WINDOWS_S = {"speech": 6.0, "cache": 30.0, "voice": 120.0}
_MOUNT = (
    "mount /dev/disk/by-id/*data /data && mount --bind /data/lib /var/lib/edge-agent && mount --bind /data/cache /var/cache/edge-agent"
)


class Lives:
    """One device from cut to cut."""

    def __init__(self, bench: Bench, requester: Requester, port: int, seed: int) -> None:
        self.bench, self.requester, self._port = bench, requester, port
        self._chance = random.Random(seed)
        self.disk = bench.new_disk()
        self.data = bench.paths.run / "data.img"
        self._sounds: list[Path] = []
        self.n_published = 0
        self.n_packs_tried = 0
        self.version: int | None = None
        depot, mine = Depot(bench.paths.cache / "keys"), bench.recipient()
        self._packs = [depot.pack("cut", seq, mine) for seq in range(1, N_PACKS + 1)]

    def begin(self) -> None:
        """Make the partition, with what the guest has so far and the packs that will come."""
        self.data.unlink(missing_ok=True)
        with self.data.open("wb") as image:
            image.truncate(_DATA_BYTES)
        folder = self.bench.paths.run / "packs"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "packs").mkdir(parents=True)
        for pack in self._packs:
            shutil.copy(pack, folder / "packs")
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(folder), str(self.data)], check=True)
        with Machine(self.bench.paths, self.disk, state=BOOTED) as machine:
            machine.attach(self.data)
            machine.until("ls /dev/disk/by-id/*data", "the second disk")
            machine.shell("mount /dev/disk/by-id/*data /data")
            machine.shell("cp -a /var/lib/edge-agent /data/lib && cp -a /var/cache/edge-agent /data/cache")
            machine.shell("chmod -R a+rX /data/packs && umount /data")

    def cut(self, kind: str) -> str:
        """One life: come up, work, and lose power in the middle of it; then look at what is left."""
        machine = Machine(self.bench.paths, self.disk, sound=self._sound(), state=BOOTED)
        try:
            self._start(machine)
            up_s = machine.age_s
            self._work(machine, kind)
            after_s = self._chance.uniform(0, _WINDOWS_S[kind])
            time.sleep(after_s)
        finally:
            machine.cut()
        accepted = self.accepted()
        left = Disk(self.data, self.bench.paths.run / "left")
        lost = left.journal(accepted)
        assert not lost, f"accepted and lost: {lost}"
        n_recordings = left.check_cache()
        found = left.voice("cut")
        assert found in (self.version, self.n_packs_tried or None), f"voice {found}, expected {self.version} or {self.n_packs_tried}"
        remark = f"{kind}: cut {after_s:.1f} s after it began; up after {up_s:.0f} s; {len(accepted)} accepted, {n_recordings} recordings"
        self.version = found
        return f"{remark}, voice {found}"

    def end(self) -> str:
        """A last life without a cut: everything accepted gets its one end, and nothing was heard twice."""
        with Machine(self.bench.paths, self.disk, sound=self._sound(), state=BOOTED) as machine:
            self._start(machine)
            ends = self.requester.wait_for_ends([f"n{number}" for number in range(self.n_published)], patience_s=DAEMON_UP_S)
            outcomes = Counter(end["event"] for end in ends)
        return self.counted(outcomes)

    def counted(self, outcomes: Counter[str]) -> str:
        assert set(outcomes) <= {"played", "failed"}, outcomes
        times = Counter(number for sound in self._sounds for number in codes.decode(heard(sound), RATE))
        twice = [number for number, n in times.items() if n > 1]
        assert not twice, f"heard twice: {twice}"
        return f"{dict(outcomes)}; {len(times)} of {self.n_published} heard whole, none twice"

    def accepted(self) -> list[str]:
        """Ids the device has said it accepted."""
        return sorted({event["id"] for event in self.requester.events() if event["event"] == "accepted"})

    def cold(self) -> str:
        """Boot the machine as a whole, cut it while it speaks, and boot it again: its only disk is cut with it."""
        machine = Machine(self.bench.paths, self.disk, sound=self._sound(), state=BOOTED)
        try:
            set_clock(machine)
            set_broker(machine, self._port)
            machine.shell("sync; systemctl start edge-agent", timeout_s=DAEMON_UP_S)
            first = self.n_published
            self._publish()
            self._wait_for(lambda: any(event["id"] == f"n{first}" for event in self.requester.events()))
            time.sleep(self._chance.uniform(0, _WINDOWS_S["speech"]))
        finally:
            machine.cut()
        with Machine(self.bench.paths, self.disk, sound=self._sound()) as machine:
            ids = [f"n{number}" for number in range(first, self.n_published)]
            ends = self.requester.wait_for_ends(ids, patience_s=3 * DAEMON_UP_S)
            up_s = machine.age_s
            assert not machine.shell("systemctl --failed --no-legend", check=False).strip()
        return f"booted and all spoken {up_s:.0f} s after the power came back; {self.counted(Counter(end['event'] for end in ends))}"

    def _start(self, machine: Machine) -> None:
        set_clock(machine)
        set_broker(machine, self._port)
        machine.attach(self.data)
        machine.until("ls /dev/disk/by-id/*data", "the second disk")
        machine.shell(_MOUNT)
        machine.shell("systemctl start edge-agent", timeout_s=DAEMON_UP_S)
        if not self.n_published:
            # A broker keeps nothing for a device that it has never seen.
            self._wait_for(lambda: self.requester.status().get("state") in ("online", "degraded"))

    def _work(self, machine: Machine, kind: str) -> None:
        self._publish()
        if kind == "cache":
            texts = [f"请{self._chance.randrange(10**6)}号到{self._chance.randrange(99)}号窗口。" for _ in range(4)]
            self.requester.peer.publish(f"{BASE}/cmd", {"cmd": "prewarm", "texts": texts})
        elif kind == "voice" and self.version != N_PACKS:
            self.n_packs_tried = (self.version or 0) + 1
            pack = f"/data/packs/{self._packs[self.n_packs_tried - 1].name}"
            machine.shell(f"systemd-run --quiet --uid=edge-agent --gid=edge-agent edge-agent voice install {pack}")

    def _publish(self) -> None:
        for _ in range(PER_LIFE):
            self.requester.peer.publish(f"{BASE}/say", numbers.announcement(self.n_published))
            self.n_published += 1

    def _wait_for(self, condition) -> None:
        until = time.monotonic() + DAEMON_UP_S
        while not condition():
            assert time.monotonic() < until, "the device gave no sign"
            time.sleep(0.05)

    def _sound(self) -> Path:
        self._sounds.append(self.bench.sound())
        return self._sounds[-1]


def run(bench: Bench, record: Record, *, cuts: int, cold: int, seed: int) -> None:
    with bench.broker() as (broker, requester):
        lives = Lives(bench, requester, broker.port, seed)
        lives.begin()
        for number in range(cuts):
            kind = KINDS[number % len(KINDS)]
            record.case(f"cut {number + 1} of {cuts}", lambda kind=kind: lives.cut(kind))
        record.case("all that was accepted was spoken once", lives.end)
    if cold:
        with bench.broker() as (broker, requester):
            lives = Lives(bench, requester, broker.port, seed)
            for number in range(cold):
                record.case(f"cut {number + 1} of {cold}, then a whole boot", lives.cold)
    say(f"seed {seed}")
