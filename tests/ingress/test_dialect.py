from __future__ import annotations

from edge_agent.ingress.diagnosis import Ending
from edge_agent.ingress.dialect import DETOUR_QUIET_S, Dialect


def test_a_broker_that_knows_no_other_is_spoken_to_in_it_for_good() -> None:
    dialect = Dialect(5)
    assert dialect.protocol == 5
    dialect.learn(Ending("does not speak MQTT 5", speak_311=True))
    dialect.learn(Ending("lost the connection"))
    assert dialect.protocol == 311


def test_a_detour_ends_when_all_is_acknowledged_and_nothing_comes_any_more() -> None:
    now = 100.0
    dialect = Dialect(5, monotonic=lambda: now)
    assert not dialect.detour_is_over(n_unacknowledged=0)
    dialect.learn(Ending("a message cannot be read", detour=True))
    assert dialect.protocol == 311
    dialect.heard()
    assert not dialect.detour_is_over(n_unacknowledged=0)
    now += DETOUR_QUIET_S
    assert not dialect.detour_is_over(n_unacknowledged=1)
    assert dialect.detour_is_over(n_unacknowledged=0)
    dialect.learn(Ending("going back to MQTT 5"))
    assert dialect.protocol == 5
    assert not dialect.detour_is_over(n_unacknowledged=0)
