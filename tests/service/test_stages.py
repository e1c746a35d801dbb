from __future__ import annotations

import pytest

from edge_agent.service.stages import STAGES, Stages


def test_counts_from_arrival_and_keeps_the_first_time() -> None:
    times = iter([10.1, 10.25, 11.0, 12.0])
    stages = Stages(10.0, monotonic=lambda: next(times))
    stages.reach("journaled")
    stages.reach("first_pcm")
    stages.reach("first_pcm")
    stages.reach("drained")
    assert stages.seconds() == pytest.approx({"received": 0.0, "journaled": 0.1, "first_pcm": 0.25, "drained": 2.0})
    assert [stage for stage in stages.seconds() if stage != "received"] == [stage for stage in STAGES if stage in stages.seconds()]


def test_begins_now_unless_told_otherwise() -> None:
    times = iter([5.0, 7.0])
    stages = Stages(monotonic=lambda: next(times))
    stages.reach("drained")
    assert stages.seconds()["drained"] == 2.0


def test_knows_its_stages() -> None:
    with pytest.raises(ValueError, match="journaled, normalised"):
        Stages().reach("landed")
