"""Which version of MQTT the next connection speaks."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge_agent.ingress.diagnosis import Ending

DETOUR_QUIET_S = 2.0


class Dialect:
    """The one that is configured; 3.1.1 for a broker that knows no other, or on a detour: until the session is clean."""

    def __init__(self, protocol: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._usual, self._monotonic = protocol, monotonic
        self._on_detour = False
        self._heard_at = 0.0

    @property
    def protocol(self) -> int:
        return 311 if self._on_detour else self._usual

    def learn(self, ending: Ending) -> None:
        """A connection has ended, or could not be made."""
        if ending.speak_311:
            self._usual = 311
        self._on_detour = ending.detour

    def heard(self) -> None:
        """The connection is up, or a message has come."""
        self._heard_at = self._monotonic()

    def detour_is_over(self, *, n_unacknowledged: int) -> bool:
        """Whether what could not be read otherwise has come and gone; ask while the connection is up."""
        return self._on_detour and not n_unacknowledged and self._monotonic() - self._heard_at >= DETOUR_QUIET_S
