"""The audio thread, and how other threads talk to it."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from edge_agent.clock import Clock, SystemClock
from edge_agent.playback.deck import Deck
from edge_agent.playback.events import PlayerEvent
from edge_agent.playback.sink import Sink
from edge_agent.playback.utterance import Utterance

log = logging.getLogger(__name__)

_SHORTEST_SLEEP_S = 0.001
_LONGEST_SLEEP_S = 1.0
_STOP_WITHIN_S = 5.0
_PAUSE_S = 0.5
"""After a defect, which may be there each time: it must not take the processor and fill the log."""
_REALTIME_PRIORITY = 10


class Heartbeat(Protocol):
    """What the watchdog looks at."""

    def beat(self) -> None: ...


class Player:
    """Plays utterances, in the order given, in a thread named "audio". Every method returns at once, from any thread.

    Each utterance ends in exactly one ``Drained``, ``Cut`` or ``Failed``. Before that come ``Started`` and, unless it
    is cut or fails, ``NearEnd``.
    """

    def __init__(
        self,
        sink_factory: Callable[[], Sink],
        *,
        on_event: Callable[[PlayerEvent], None],
        heartbeat: Heartbeat,
        clock: Clock | None = None,
        lead_in_s: float = 0.15,
        idle_close_s: float = 5.0,
        fade_s: float = 0.008,
    ) -> None:
        """
        Args:
            sink_factory: makes a sink that is not open yet; called again after the device was lost.
            on_event: called in the audio thread with everything that happens; must not block.
            heartbeat: beaten at least once a second.
            lead_in_s: silence before the first sound after the device was opened, for converters that sleep.
            idle_close_s: the device is given back when nothing was played for so long.
            fade_s: how fast sound is faded when it is cut.
        """
        self._heartbeat = heartbeat
        self._on_event = on_event
        self._requests: deque[Callable[[], None]] = deque()
        self._wanted = threading.Condition()
        self._stirred = False
        self._stopping = False
        self._deck = Deck(
            sink_factory,
            self._report,
            clock or SystemClock(),
            wake=self._wake,
            lead_in_s=lead_in_s,
            idle_close_s=idle_close_s,
            fade_s=fade_s,
        )
        self._thread = threading.Thread(target=self._run, name="audio", daemon=True)

    def start(self) -> None:
        """Start the thread; it opens the device once, so that a missing one is reported now."""
        self._request(self._deck.open)
        self._thread.start()

    def stop(self) -> None:
        """Cut what plays, silence the device and end the thread."""
        self._stopping = True
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WITHIN_S)

    def play(self, utterance: Utterance) -> None:
        """Play after those given earlier; may be called before the first chunk was put."""
        self._request(lambda: self._deck.play(utterance))

    def preempt(self, id: str | None = None) -> None:
        """Silence utterance ``id``, or all of them, within 120 ms and without a click.

        Reported by ``Cut``, or by ``Drained`` when all of it was with the device already.
        """
        self._request(lambda: self._deck.preempt(id))

    def set_volume(self, volume: float) -> None:
        """Linear gain on everything from now on, ramped."""
        self._request(lambda: self._deck.set_volume(volume))

    def _request(self, action: Callable[[], None]) -> None:
        self._requests.append(action)
        self._wake()

    def _wake(self) -> None:
        with self._wanted:
            self._stirred = True
            self._wanted.notify()

    def _run(self) -> None:
        _ask_for_priority()
        while not self._stopping:
            self._heartbeat.beat()
            wait_s = self._attempt(self._turn)
            self._sleep(wait_s)
        self._attempt(self._deck.close)

    def _turn(self) -> float | None:
        while self._requests:
            self._requests.popleft()()
        return self._deck.step()

    def _attempt(self, action: Callable[[], float | None]) -> float | None:
        try:
            return action()
        except Exception as error:  # supervision boundary: a defect ends one announcement, not the thread
            log.exception("audio thread: announcement given up")
            self._deck.abandon(error)
            return _PAUSE_S

    def _report(self, event: PlayerEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # supervision boundary: a listener that is gone must not silence the device
            log.exception("audio thread: %s was not taken", event)

    def _sleep(self, seconds: float | None) -> None:
        with self._wanted:
            if not self._stirred and seconds != 0:
                longest = _LONGEST_SLEEP_S if seconds is None else min(seconds, _LONGEST_SLEEP_S)
                self._wanted.wait(max(longest, _SHORTEST_SLEEP_S))
            self._stirred = False


def _ask_for_priority() -> None:
    """Let this thread go first where that is allowed (LimitRTPRIO in the unit): the device holds 80 ms of sound only."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_REALTIME_PRIORITY))
    except OSError as error:
        log.debug("audio thread: no real-time priority: %s", error)
