"""The one type every ingress produces, and the vocabulary of its life."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

Lang = Literal["auto", "zh", "en"]


class Priority(enum.IntEnum):
    """Higher speaks first; what each one does to the others is in :mod:`edge_agent.queue`."""

    PROGRESS = 0
    INFO = 1
    NORMAL = 2
    IMPORTANT = 3
    EMERGENCY = 4


class OnInterrupt(str, enum.Enum):
    """What happens to an announcement that was pre-empted, or cut by a crash."""

    RESUME = "resume"
    RESTART = "restart"
    DROP = "drop"


class Outcome(str, enum.Enum):
    """The terminal states; every announcement reaches exactly one."""

    PLAYED = "played"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    DROPPED = "dropped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A request to speak, validated (see :mod:`edge_agent.parse`).

    Times are seconds since the Unix epoch; ``expires_at`` follows from the MQTT message expiry, else from ``ttl_s``.
    ``reply_to`` and ``correlation`` say where, beside the device's event topic, its events go.
    """

    id: str
    text: str
    source: str
    received_at: float
    expires_at: float
    lang: Lang = "auto"
    voice: str | None = None
    priority: Priority = Priority.NORMAL
    key: str | None = None
    on_interrupt: OnInterrupt = OnInterrupt.RESTART
    chime: str | None = None
    repeat: int = 1
    gap_s: float = 1.0
    volume: float = 1.0
    speed: float = 1.0
    not_before: float | None = None
    reply_to: str | None = None
    correlation: bytes | None = None
