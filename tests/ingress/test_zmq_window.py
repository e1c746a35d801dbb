from __future__ import annotations

import pytest

from edge_agent.ingress.zmq_window import FORGET_AFTER_S, Window


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_more_at_once_than_allowed() -> None:
    window = Window(at_once=2, most=10)
    first = window.enter()
    assert window.wait_s == 0
    window.enter()
    assert window.wait_s > 0
    window.leave(first)
    assert window.wait_s == 0


def test_what_takes_long_no_longer_holds_others_up() -> None:
    clock = Clock()
    window = Window(at_once=2, most=3, monotonic=clock)
    window.enter()
    clock.now += FORGET_AFTER_S / 2
    window.enter()
    assert window.wait_s == pytest.approx(FORGET_AFTER_S / 2)
    clock.now += FORGET_AFTER_S / 2
    assert window.wait_s == 0
    window.enter()
    assert window.wait_s == pytest.approx(FORGET_AFTER_S / 2)
    assert window.full


def test_answered_requests_make_room() -> None:
    window = Window(at_once=9, most=2)
    numbers = [window.enter(), window.enter()]
    assert window.full
    for number in (*numbers, *numbers, 99):
        window.leave(number)
    assert not window.full
