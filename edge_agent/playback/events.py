"""What the audio thread reports. All are handed to ``on_event`` in that thread, which must not block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Started:
    """The device accepted the first frame at ``at`` (s since the epoch); it is heard ``delay_s`` later."""

    id: str
    at: float
    delay_s: float


@dataclass(frozen=True, slots=True)
class Reached:
    """Every segment before ``segment`` has been heard; what is resumed later goes on from there."""

    id: str
    segment: int


@dataclass(frozen=True, slots=True)
class NearEnd:
    """The last frames are about to be handed over: they wait until ``acknowledge`` was called, but only briefly.

    A crash after the acknowledgement loses a tenth of a second of sound; one before it repeats the announcement.
    """

    id: str
    acknowledge: Callable[[], None] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Drained:
    """The device has played the last frame; ``audio_s`` is the length of the announcement's sound."""

    id: str
    at: float
    audio_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Playing ended early. ``segment`` is the first that was not heard to its end, ``audio_s`` what was heard."""

    id: str
    segment: int
    audio_s: float


@dataclass(frozen=True, slots=True)
class Underrun:
    """``gap_s`` of silence where sound should have been, because ``cause`` was late."""

    id: str
    gap_s: float
    cause: Literal["synthesis", "device"]


@dataclass(frozen=True, slots=True)
class Failed:
    """The announcement cannot be played, or not to its end."""

    id: str
    error: Exception


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The audio device went away, or could not be opened; it is tried again until :class:`DeviceBack`."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """Audio can be played again."""


PlayerEvent = Started | Reached | NearEnd | Drained | Cut | Underrun | Failed | DeviceLost | DeviceBack
