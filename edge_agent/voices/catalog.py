"""The voices on this device: those installed, and the one that ships with the program."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edge_agent import state_file
from edge_agent.clock import Clock, SystemClock
from edge_agent.errors import EdgeAgentError
from edge_agent.voices.card import CARD, VoiceInfo, read_card
from edge_agent.voices.memory import VoiceMemory

log = logging.getLogger(__name__)

BUILT_IN = Path(__file__).resolve().parent / "default"


class UnknownVoice(EdgeAgentError):
    """No such voice, or none that may speak now, which ``problem`` then says; ``known`` lists those there are."""

    def __init__(self, voice_id: str | None, known: tuple[str, ...], problem: str | None = None) -> None:
        self.voice_id, self.known, self.problem = voice_id, known, problem
        super().__init__(problem or f"there is no voice {voice_id!r}; installed are: {', '.join(known) or 'none'}")


@dataclass(frozen=True, slots=True)
class Shelved:
    """Installed voices at one moment; ``chosen`` speaks when a request names none; ``trouble`` says what is wrong with the store.
    ``seen_at`` is the latest time that was ever seen there, in seconds since the epoch: a clock set back revives nothing.

    Two groups of the voices are named by their folders, each with why: those ``distrusted``, whose signers are trusted no longer, may
    not speak at all; those that ``failed`` to load speak only from recordings, and where a request names them.
    """

    voices: tuple[VoiceInfo, ...] = ()
    chosen: str | None = None
    trouble: str | None = None
    seen_at: float = 0.0
    distrusted: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


class Shelf(Protocol):
    """Where installed voices are found."""

    def look(self) -> Shelved:
        """What is installed now. Never raises: a damaged shelf is an empty one, with the reason."""
        ...


class Catalog:
    """Voices by id, as they were when :meth:`adopt` was last called: a voice installed meanwhile speaks once it is loaded.

    The facts of each voice are remembered in ``state_dir``: with its files damaged or gone, its cached phrases can still
    be found and played.

    Args:
        state_dir: holds the memory.
        built_in: the voice that ships with the program.
        shelf: the installed voices; None if there is no store.
    """

    def __init__(self, state_dir: Path, built_in: Path = BUILT_IN, shelf: Shelf | None = None, clock: Clock | None = None) -> None:
        self._memory = VoiceMemory(state_dir)
        self._built_in = built_in
        self._shelf, self._clock = shelf, clock or SystemClock()
        self._card: tuple[object, VoiceInfo | None] | None = None
        self._shelved = self.look()

    @property
    def shelved(self) -> Shelved:
        """What is installed, as far as it was adopted."""
        return self._shelved

    @property
    def built_in(self) -> str | None:
        """The id of the voice that ships with the program; None if it cannot be read."""
        voice = self._built_in_card()
        return voice.id if voice else None

    def look(self) -> Shelved:
        """What is installed now, adopted or not."""
        return self._shelf.look() if self._shelf is not None else Shelved()

    def adopt(self, shelved: Shelved) -> None:
        """From now on these are the installed voices."""
        self._shelved = shelved

    def voices(self) -> list[VoiceInfo]:
        """Every voice whose card can be read, by id."""
        return sorted(self._readable(self._shelved).values(), key=lambda voice: voice.id)

    def get(self, voice_id: str | None) -> VoiceInfo:
        """One voice; None means the chosen one, else the one that ships, or the first there is.

        Raises:
            UnknownVoice: it is not here and was never loaded here, or it may not speak any more.
        """
        return self._get(voice_id, self._shelved)

    def _get(self, voice_id: str | None, shelved: Shelved) -> VoiceInfo:
        found = self._readable(shelved)
        if voice_id is None:
            voice_id = self._default(found, shelved)
        voice = found.get(voice_id) if voice_id is not None else None
        voice = voice or self._remembered(voice_id, shelved)
        if voice is None:
            raise UnknownVoice(voice_id, tuple(sorted(found)))
        if (ended := self.ended(voice, shelved)) is not None:
            raise UnknownVoice(voice.id, tuple(sorted(found)), ended)
        return voice

    def speaking(self, voice_id: str | None, shelved: Shelved | None = None) -> VoiceInfo:
        """The voice of requests that name none: ``voice_id`` (None: see :meth:`get`) if it can speak, else another one.

        Args:
            shelved: ask as if this had been adopted.

        Raises:
            UnknownVoice: there is no other either.
        """
        shelved = shelved or self._shelved
        found = self._readable(shelved)
        first = voice_id if voice_id is not None else self._default(found, shelved)
        others = (self.built_in, *sorted(found))
        for candidate in (first, *others):
            voice = found.get(candidate) if candidate is not None else None
            if voice is not None and self.ended(voice, shelved) is None and voice.folder not in shelved.failed:
                return voice
        return self._get(voice_id, shelved)

    def why_not(self, voice_id: str) -> str | None:
        """Why a voice does not speak although it was chosen; None if it does."""
        voice = self._readable(self._shelved).get(voice_id)
        if voice is None:
            return f"there is no voice {voice_id!r}"
        return self.ended(voice) or self._shelved.failed.get(voice.folder)

    def ended(self, voice: VoiceInfo, shelved: Shelved | None = None) -> str | None:
        """That a voice may not speak any more, and why; None while it may."""
        shelved = shelved or self._shelved
        if (why := shelved.distrusted.get(voice.folder)) is not None:
            return f"voice {voice.id} may not speak any more: {why}"
        if voice.usable_until is None or max(self._clock.now(), shelved.seen_at) < voice.usable_until:
            return None
        return f"voice {voice.id} or its owner's consent has expired; install a newer pack"

    def remember(self, voice: VoiceInfo) -> None:
        """Keep a voice's facts; failing to is logged, since speech needs it only after damage."""
        try:
            self._memory.keep(voice)
        except OSError as error:
            log.warning("voice not remembered voice=%s error=%r", voice.id, str(error))

    def _default(self, found: Iterable[str], shelved: Shelved) -> str | None:
        if shelved.chosen is not None:
            return shelved.chosen
        return self.built_in or next(iter(sorted(found)), None)

    def _readable(self, shelved: Shelved) -> dict[str, VoiceInfo]:
        built_in = self._built_in_card()
        return {voice.id: voice for voice in (*shelved.voices, *((built_in,) if built_in else ()))}

    def _built_in_card(self) -> VoiceInfo | None:
        # Asked for twice an announcement, so the card is read, or complained about, only when its file has changed.
        stamp = state_file.stamp(self._built_in / CARD)
        if self._card is None or self._card[0] != stamp:
            voice = None
            try:
                voice = read_card(self._built_in)
            except EdgeAgentError as error:
                log.warning("voice unreadable folder=%s error=%r", self._built_in, str(error))
            self._card = (stamp, voice)
        return self._card[1]

    def _remembered(self, voice_id: str | None, shelved: Shelved) -> VoiceInfo | None:
        voice = self._memory.recall(voice_id)
        # A store that is whole and does not have the voice says that it was deleted.
        return None if voice is not None and voice.seq is not None and shelved.trouble is None else voice
