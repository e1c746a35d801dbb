"""From the stick in the hand to the sentence in the ear, without broker and network."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.voices.usb.sentences import SENTENCES, sentence
from tests.system.guest.bench import Bench, Record
from tests.system.guest.machine import Machine, MachineError
from tests.system.guest.packs import Depot, new_recipient
from tests.system.guest.sound import RATE, heard
from tests.system.guest.stick import Stick
from tests.system.sound import find, voice_says

_WITHIN_S = 600.0
_PIECE_S = 0.25
"""An emulated processor synthesizes slower than it plays, so there are gaps in a sentence that is not in the cache yet."""
_LOUD = 0.05
_ALIKE = 0.6
"""Correlation with what the voice says. The emulated card may drop a few frames; another sentence is at 0.2."""
_PYTHON = "/opt/edge-agent/bin/python -c"
_STATUS = "from edge_agent.client import SpeechClient as Client; s = Client('/run/edge-agent', timeout_s=60).status()"
_STORY = "journalctl -b --no-pager -o short-monotonic | grep -E 'stick|usb|sd[a-z]' | tail -80"
_WHY_RESTARTED = "journalctl -b --no-pager | grep -E 'stuck|watchdog|Main process exited'"
_COUNT = "journalctl -b -o cat -t edge-agent-stick | grep -c 'may be pulled out'"


def run(bench: Bench, record: Record) -> None:
    folder = bench.paths.run / "usb"
    depot, stranger = Depot(bench.paths.cache / "keys"), Depot(folder, "stranger")
    mine = bench.recipient()
    one, two = depot.pack("anna", 1, mine), depot.pack("anna", 2, mine)
    others, forged = depot.pack("ben", 1, new_recipient()), stranger.pack("anna", 9, mine)
    sound = bench.sound()
    with bench.guest(sound=sound) as machine:
        sticks = Sticks(machine, folder)
        record.case("a good stick, with another device's pack", lambda: sticks.good([one, others]))
        record.case("the same stick again", lambda: sticks.told([one, others], "S02", installed=1))
        record.case("a newer pack, log on a second partition", lambda: sticks.told([two], "S01", installed=2, log_partition=True))
        record.case("an older pack", lambda: sticks.told([one], "E22", installed=2))
        record.case("a stranger's pack", lambda: sticks.told([forged], "E10", installed=2))
        record.case("no pack", lambda: sticks.told([], "S04", installed=2))
        record.case("no place for a log: not a byte changes", lambda: sticks.untouched([two]))
        record.case("another label is left alone", lambda: sticks.ignored([two]))
        record.case("a stick with read errors", lambda: sticks.failing([two]))
        record.case("pulled out while it is read, then put in again", lambda: sticks.yanked(depot.pack("anna", 3, mine)))
        record.case("what was said", lambda: spoken(machine))
    record.case("what was heard", lambda: audible(sound))


class Sticks:
    """Puts sticks into one machine, one after the other."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine, self._folder = machine, folder
        self._n = 0

    def good(self, packs: list[Path]) -> str:
        stick = Stick(self._folder / "stick.img", packs, log_folder=True)
        took_s = self._plugged(stick)
        log = stick.log()
        assert log is not None, "no log on the stick"
        assert f"S01 {sentence(None).en}" in log, log
        assert "S03" in log, f"the pack for another device is not listed: {log}"
        assert "ben_1.vpk" in log, log
        self._whole(1)
        return f"{took_s:.0f} s from plug to out"

    def told(self, packs: list[Path], code: str, *, installed: int, log_partition: bool = False) -> str:
        stick = Stick(self._folder / "stick.img", packs, log_folder=not log_partition, log_partition=log_partition)
        took_s = self._plugged(stick)
        log = stick.log()
        assert log is not None, "no log on the stick"
        assert f"\n{code} " in log, log
        self._whole(installed)
        return f"{took_s:.0f} s"

    def untouched(self, packs: list[Path]) -> str:
        stick = Stick(self._folder / "stick.img", packs)
        before = stick.digest()
        self._plugged(stick)
        assert stick.digest() == before, "something was written to a stick without a place for it"
        return ""

    def ignored(self, packs: list[Path]) -> str:
        stick = Stick(self._folder / "stick.img", packs, label="HOLIDAYS")
        before = stick.digest()
        self._machine.plug(stick.path)
        self._machine.until("lsblk -no LABEL | grep -q HOLIDAYS", "the stick to appear")
        self._machine.shell("udevadm settle; sleep 2")
        units = self._machine.shell("systemctl list-units --all --no-legend 'edge-agent-usb@*' 'edge-agent-stick@*'")
        self._machine.unplug()
        assert not units.strip(), units
        assert stick.digest() == before, "a stick that is none of ours was written to"
        return ""

    def failing(self, packs: list[Path]) -> str:
        stick = Stick(self._folder / "stick.img", packs, log_partition=True)
        # Within the pack, and not where udev looks for file systems: at round offsets.
        self._plugged(stick, bad_from=(6 << 20) + (300 << 10))
        log = stick.log()
        assert log is not None, "no log on the stick"
        assert SENTENCES["unreadable"].en in log, log
        self._whole(2)
        return ""

    def yanked(self, pack: Path) -> str:
        stick = Stick(self._folder / "stick.img", [pack], log_folder=True)
        self._machine.plug(stick.path, bytes_per_s=1 << 20)
        self._machine.until("ls -l /proc/[0-9]*/fd 2>/dev/null | grep anna_3.vpk", "the pack to be read", within_s=_WITHIN_S)
        self._machine.unplug()
        running = "systemctl list-units --no-legend 'edge-agent-usb@*' 'edge-agent-stick@*'"
        gone = f"! findmnt -t vfat | grep . && ! systemctl --failed --no-legend | grep edge-agent && ! {running} | grep ."
        self._machine.until(gone, "nothing to be left of the stick", within_s=_WITHIN_S)
        self._whole(2)
        self._n = int(self._machine.shell(_COUNT, check=False))
        took_s = self._plugged(stick)
        self._whole(3)
        return f"{took_s:.0f} s the second time"

    def _plugged(self, stick: Stick, **how: int) -> float:
        """Plug it in, and out when the device says that it may be pulled out; the seconds between."""
        began = time.monotonic()
        self._machine.plug(stick.path, **how)
        self._n += 1
        try:
            self._machine.until(f"test $({_COUNT}) -ge {self._n}", "the stick to be let go", within_s=_WITHIN_S)
        except MachineError as error:
            self._machine.unplug()  # the next one needs its place
            raise MachineError(f"{error}\n{self._machine.shell(_STORY, check=False)}") from error
        took_s = time.monotonic() - began
        self._machine.unplug()
        left = self._machine.shell("findmnt -t vfat; systemctl --failed --no-legend | grep edge-agent", check=False)
        assert not left.strip(), f"left over: {left}"
        return took_s

    def _whole(self, seq: int) -> None:
        """The voice is there in this version."""
        state = self._machine.shell("find /var/lib/edge-agent/voices -name active.json -exec cat {} +")
        entry = json.loads(state)["voices"]["anna"]
        assert entry["active"] == seq, entry


def spoken(machine: Machine) -> str:
    """The daemon took every result, and has nothing left to say."""
    lost = machine.shell("journalctl -b | grep 'not spoken part=result'", check=False)
    assert not lost, lost
    restarts = machine.shell("systemctl show -P NRestarts edge-agent").strip()
    assert restarts == "0", f"{restarts} restarts: {machine.shell(_WHY_RESTARTED, check=False)}"
    machine.until(f"{_PYTHON} \"{_STATUS}; exit(s['queue_length'] or s['speaking'])\"", "everything to be spoken", within_s=_WITHIN_S)
    return machine.shell(f"{_PYTHON} \"{_STATUS}; print(s['last_stick'])\"").strip()


def audible(sound: Path) -> str:
    """The sentence of the first stick is in what the card played."""
    recording = heard(sound)
    (expected,) = voice_says(sentence(None).zh, sound.parent)
    likeness = [find(piece, recording)[1] for piece in np.array_split(expected, round(len(expected) / RATE / _PIECE_S)) if loud(piece)]
    assert min(likeness) > _ALIKE, f"the sentence was not heard: {likeness}"
    return f"each quarter of a second of it, correlation {min(likeness):.2f} to {max(likeness):.2f}"


def loud(piece: NDArray[np.float32]) -> bool:
    """A pause is found everywhere."""
    return bool(np.abs(piece).max() > _LOUD)
