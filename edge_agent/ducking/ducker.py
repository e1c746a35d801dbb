"""When to lower others and when to raise them again, smoothly, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge_agent.ducking.mixer import Mixer, MixerError

log = logging.getLogger(__name__)

_STEP_S = 0.025
_LOOK_AGAIN_S = 0.25
"""How often programs that begin to play beside speech are looked for."""
_RETRY_S = 5.0


class Ducker:
    """Neither speech nor the core ever waits for it: mixers are other programs, and may hang.

    Args:
        level: what others are lowered to, as a part (0..1) of their own volume.
        ramp_s: how long lowering and raising take.
        hold_s: how long after speech others are raised.
        on_problem: told, in the thread, why others cannot be lowered, and None when they can.
    """

    def __init__(
        self,
        mixer: Mixer,
        *,
        level: float,
        ramp_s: float,
        hold_s: float,
        on_problem: Callable[[str | None], None] = lambda _problem: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mixer, self._level, self._ramp_s, self._hold_s = mixer, level, ramp_s, hold_s
        self._on_problem, self._monotonic = on_problem, monotonic
        self._changed = threading.Condition()
        self._speaking = self._stopping = False
        self._stirred = False
        """Something changed that the thread may have looked at before: it must not wait for the next change."""
        self._quiet_at = -hold_s
        self._part = 1.0
        self._retry_at = 0.0
        self._recovered = False
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="ducking", daemon=True)

    def start(self) -> None:
        """Undo what a crash left, then wait for speech."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Give others their volume back at once, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def speaking(self, is_speaking: bool) -> None:
        """Speech begins, or has ended; from any thread, returns at once."""
        with self._changed:
            if is_speaking == self._speaking:
                return
            self._speaking, self._quiet_at = is_speaking, self._monotonic()
            self._stirred = True
            self._changed.notify()

    def _run(self) -> None:
        while not self._stopping:
            wait_s = self._attempt()
            with self._changed:
                if not self._stopping and not self._stirred:
                    self._changed.wait(wait_s)
                self._stirred = False
        if self._mixer.lowered:
            self._safely(self._mixer.restore)
        self._mixer.close()

    def _attempt(self) -> float | None:
        """One step; returns after how many seconds to take the next, None for not before something changes."""
        if (left_s := self._retry_at - self._monotonic()) > 0:
            return left_s
        if not self._recovered:
            self._recovered = self._safely(self._mixer.recover)
        return self._step() if self._recovered else _RETRY_S

    def _step(self) -> float | None:
        with self._changed:
            lower = self._speaking
            left_s = self._quiet_at + self._hold_s - self._monotonic()
        if lower and self._part <= self._level:
            return _LOOK_AGAIN_S if self._safely(lambda: self._mixer.set(self._level)) else _RETRY_S
        if not lower and self._part >= 1.0 and not self._mixer.lowered:
            return None
        if not lower and left_s > 0:
            return left_s
        span = (1.0 - self._level) * _STEP_S / self._ramp_s if self._ramp_s > 0 else 1.0
        part = max(self._level, self._part - span) if lower else min(1.0, self._part + span)
        if not self._safely(self._mixer.restore if part >= 1.0 else lambda: self._mixer.set(part)):
            return _RETRY_S
        self._part = part
        return _STEP_S

    def _safely(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except MixerError as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a supervision boundary: whatever a mixer does, speech goes on
            return self._failed(f"internal error: {error!r}", exc_info=True)
        self._problem = None
        self._on_problem(None)
        return True

    def _failed(self, problem: str, *, exc_info: bool = False) -> bool:
        if problem != self._problem:  # it may stay for months, and is tried every few seconds
            log.warning("ducking failed error=%r", problem, exc_info=exc_info)
        self._problem = problem
        self._retry_at = self._monotonic() + _RETRY_S
        self._on_problem(problem)
        return False
