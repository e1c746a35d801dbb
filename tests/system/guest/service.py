"""The daemon as a service: up at boot, heard over MQTT, struck down and up again."""

from __future__ import annotations

import time

from tests.system.guest.bench import DAEMON_UP_S, Bench, Record
from tests.system.guest.machine import Machine
from tests.system.guest.sound import RATE, heard
from tests.system.requester import Requester
from tests.system.sound import find, voice_says

_SENTENCE = "请A12号到3号窗口。"
_ALIKE = 0.6
_THREADS = ("audio", "zmq", "mqtt", "synthesis")
_STOP_THREAD = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT: the one thread stands still, the others go on
    if libc.ptrace(request, int(sys.argv[1]), None, None):
        sys.exit(f"ptrace {request:#x}: errno {ctypes.get_errno()}")
while os.WIFSTOPPED(os.waitpid(int(sys.argv[1]), 0x40000000)[1]):  # __WALL; until it dies, when it has to be buried
    pass
"""


def run(bench: Bench, record: Record) -> None:
    sound = bench.sound()
    with bench.broker() as (broker, requester):
        with bench.guest(broker_port=broker.port, sound=sound) as machine:
            record.case("unprivileged and sandboxed", lambda: unprivileged(machine))
            record.case("a request over MQTT is played", lambda: speak(requester, "first"))
            record.case("and again, from the cache", lambda: speak(requester, "again"))
            for name in _THREADS:
                record.case(f"the thread {name} stands still: the watchdog restarts the daemon", lambda name=name: stopped(machine, name))
            record.case("it speaks after all that", lambda: speak(requester, "last"))
        record.case("what was heard", lambda: audible(sound))


def unprivileged(machine: Machine) -> str:
    facts = machine.shell("cat /proc/$(systemctl show -P MainPID edge-agent)/status")
    values = dict(line.split(":", 1) for line in facts.splitlines() if ":" in line)
    assert values["Uid"].split()[0] != "0", values["Uid"]
    assert int(values["CapEff"], 16) == 0, values["CapEff"]
    assert values["NoNewPrivs"].strip() == "1"
    assert values["Seccomp"].strip() == "2"
    return f"uid {values['Uid'].split()[0]}, no capability, seccomp"


def speak(requester: Requester, id: str) -> str:
    began = time.monotonic()
    requester.say({"id": id, "text": _SENTENCE, "ttl_s": 3600})
    (end,) = requester.wait_for_ends([id], patience_s=DAEMON_UP_S)
    assert end["event"] == "played", end
    return f"played after {time.monotonic() - began:.0f} s, cache hit {end.get('cache_hit')}"


def stopped(machine: Machine, name: str) -> str:
    """Stop one thread of the daemon, and see systemd put another daemon in its place."""
    machine.until("systemctl is-active edge-agent", "the daemon to be up", within_s=DAEMON_UP_S)
    before = machine.shell("systemctl show -P MainPID edge-agent").strip()
    find_thread = f"grep -lx {name} /proc/{before}/task/*/comm | cut -d/ -f5 | head -1"
    tid = machine.until(f"{find_thread} | grep .", f"a thread called {name}", within_s=DAEMON_UP_S).strip()
    began = time.monotonic()
    machine.shell(f"systemd-run --quiet --unit=stop-{name} /usr/bin/python3 -c '{_STOP_THREAD}' {tid}")
    other = f"pid=$(systemctl show -P MainPID edge-agent); test $pid != {before} -a $pid != 0 && systemctl is-active edge-agent"
    machine.until(other, "another daemon", within_s=DAEMON_UP_S)
    took_s = time.monotonic() - began
    machine.shell(f"systemctl stop stop-{name}", check=False)
    log = machine.shell("journalctl -b -u edge-agent | grep -i watchdog | tail -3", check=False)
    assert "atchdog" in log, machine.log(60)
    return f"another one was up after {took_s:.0f} s"


def audible(sound) -> str:
    (expected,) = voice_says(_SENTENCE, sound.parent)
    at, likeness = find(expected, heard(sound))
    assert likeness > _ALIKE, f"the sentence was not heard: correlation {likeness:.2f}"
    return f"correlation {likeness:.2f} at {at / RATE:.0f} s"
