"""What sysfs says, from trees made here: no Jetson was at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.service.board import Board
from tests.rigs.tree import grow, write


@pytest.fixture
def root(tmp_path) -> Path:
    return grow(tmp_path, {
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "48500\n",
        "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n",
        "sys/class/thermal/thermal_zone1/temp": "51250\n",
        "sys/class/thermal/cooling_device0/type": "pwm-fan\n",
        "sys/class/thermal/cooling_device0/cur_state": "3\n",
        "sys/class/thermal/cooling_device1/type": "17000000.gpu-devfreq\n",
        "sys/class/thermal/cooling_device1/cur_state": "0\n",
        "sys/class/thermal/cooling_device1/max_state": "9\n",
        "sys/class/hwmon/hwmon1/oc1_event_cnt": "0\n",
        "sys/class/hwmon/hwmon1/oc3_event_cnt": "2\n",
        "proc/meminfo": "MemTotal:        7620000 kB\nMemFree:  100 kB\nMemAvailable:    3810000 kB\nHugePages_Total:       0\n",
    })


def test_an_orin_at_ease(root) -> None:
    assert Board.look(root) == Board({"cpu": 48.5, "gpu": 51.25}, (), 2, 7620000 * 1024, 3810000 * 1024)


def test_a_fan_that_turns_is_no_throttling_but_a_slower_clock_is(root) -> None:
    write(root, "sys/class/thermal/cooling_device1/cur_state", "4\n")
    assert Board.look(root).throttled == ("17000000.gpu-devfreq is held back by heat (step 4 of 9)",)


@pytest.mark.parametrize("nonsense", ["", "-", "N/A", "-256000", "999999", "\xff"])
def test_sensors_that_talk_nonsense_are_left_out(root, nonsense) -> None:
    write(root, "sys/class/thermal/thermal_zone1/temp", nonsense)
    assert Board.look(root).temperatures_c == {"cpu": 48.5}


def test_a_machine_that_tells_nothing(tmp_path) -> None:
    assert Board.look(tmp_path) == Board({}, (), 0, None, None)


def test_this_machine_has_memory() -> None:
    board = Board.look()
    assert 0 < board.memory_available <= board.memory_total
