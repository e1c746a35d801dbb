"""What a text becomes: an ordered list of things to play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Speech:
    """One segment for the engine.

    `text` is what is said, after normalisation: with `lang` it identifies the audio in the phrase cache. Phonemes given
    by the sender stand in it in braces. `rate` multiplies the speaking rate (0.5..2), `gain_db` is applied at playback.
    """

    text: str
    lang: Literal["zh", "en", "mixed"]
    phonemes: str
    rate: float = 1.0
    gain_db: float = 0.0


@dataclass(frozen=True)
class Pause:
    """Silence of `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Chime:
    """A named sound of the device."""

    name: str


Item: TypeAlias = Speech | Pause | Chime


@dataclass(frozen=True)
class Plan:
    """Items in the order they are played; at least one of them makes a sound."""

    items: tuple[Item, ...]
