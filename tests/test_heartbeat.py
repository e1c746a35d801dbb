from __future__ import annotations

import threading
from pathlib import Path

from edge_agent.heartbeat import Heartbeat


class Monotonic:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_lives_until_its_limit_and_revives():
    monotonic = Monotonic()
    heart = Heartbeat("audio", 2.0, monotonic=monotonic)
    monotonic.now_s = 102.0
    assert (heart.age_s(), heart.alive()) == (2.0, True)
    monotonic.now_s = 102.1
    assert not heart.alive()
    heart.beat()
    assert (heart.age_s(), heart.alive()) == (0.0, True)


def test_uses_a_clock_that_never_jumps_by_default():
    heart = Heartbeat("audio", 60.0)
    heart.beat()
    assert 0 <= heart.age_s() < 60
    assert heart.alive()


def test_the_kernel_learns_a_threads_name_by_its_first_beat():
    names = []

    def beat():
        Heartbeat("synthesis", 1.0).beat()
        names.append(Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text().strip())

    thread = threading.Thread(target=beat)
    thread.start()
    thread.join()
    before = Path("/proc/self/comm").read_text()
    Heartbeat("audio", 1.0).beat()
    assert (names, Path("/proc/self/comm").read_text()) == (["synthesis"], before)
