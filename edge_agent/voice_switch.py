"""The daemon follows its store of voices, and whom it trusts with them: whoever changes either, the voice that is then right is
loaded beside the one that speaks, and takes over.

An announcement that is being spoken ends with the voice it began with; those after it have the new one. Nothing waits meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.core.settings import Settings
from edge_agent.errors import EdgeAgentError
from edge_agent.events import Event
from edge_agent.phrases import PhraseCache
from edge_agent.prewarm import Prewarm
from edge_agent.service.health import Health
from edge_agent.speech import Speaker
from edge_agent.synthesis import SynthesisError
from edge_agent.voice_news import VoiceNews
from edge_agent.voices import Catalog, UnknownVoice, VoiceInfo
from edge_agent.voices.catalog import Shelved
from edge_agent.voices.keys import KeysError, TrustFile
from edge_agent.voices.store import Store, StoreError
from edge_agent.worker import SynthesisWorker

log = logging.getLogger(__name__)

CHECK_EVERY_S = 0.5
MAX_ATTEMPTS = 4
BY = "daemon"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the switch works on; ``tell`` sends an event, ``loaded`` is called in a thread when a voice is ready to speak."""

    store: Store
    catalog: Catalog
    speaker: Speaker
    worker: SynthesisWorker
    prewarm: Prewarm
    settings: Settings
    cache: PhraseCache | None
    health: Health
    tell: Callable[[Event], None]
    loaded: Callable[[], None]
    trust: TrustFile


class VoiceSwitch:
    """Methods belong to the event loop's thread. Loading happens in a thread of its own, one at a time."""

    def __init__(self, parts: Parts, loop: asyncio.AbstractEventLoop) -> None:
        self._parts, self._loop = parts, loop
        self._busy = False
        self._asked: list[tuple[str, str]] = []
        self._seen: object = None
        self._speaking: str | None = None
        self._prewarmed: tuple[str, str] | None = None
        self._news = VoiceNews(parts.store.book, parts.tell)

    def check(self) -> None:
        """See whether the store or the trust has changed or a voice has ended, and begin to go over to what is then right. Cheap."""
        stamp = self._parts.store.stamp(), self._parts.trust.stamp()
        changed = stamp != self._seen or bool(self._asked)
        if not self._busy and (changed or self._digest() != self._speaking or self._speaking is None):
            # What has changed, or who asks, may be the remedy for what failed to load.
            failed = {} if changed else self._parts.catalog.shelved.failed
            threading.Thread(target=self._turn, args=(self._asked, failed), name="voice", daemon=True).start()
            # Only now: a thread that the system does not give is asked for again.
            self._busy, self._seen, self._asked = True, stamp, []

    def choose(self, voice_id: str, by: str) -> None:
        """Have another voice speak when a request names none, once it is loaded, and after a restart too."""
        self._asked.append((voice_id, by))
        self.check()

    # ---- in the thread "voice"

    def _turn(self, asked: list[tuple[str, str]], failed: Mapping[str, str]) -> None:
        shelved, wanted, voice = self._parts.catalog.shelved, self._parts.settings.voice, None
        try:
            for voice_id, by in asked:
                self._choose(voice_id, by)
            self._parts.health.note("trust", self._trouble_with_trust())
            shelved = replace(self._look(), failed=failed)
            wanted = asked[-1][0] if asked else self._wanted(shelved)
            shelved, voice = self._prepare(shelved, wanted)
            self._parts.speaker.repertoires.prepare(shelved.voices)
        except Exception:  # a supervision boundary: a switch that failed must not be the last one
            log.exception("voice switch failed")
        with contextlib.suppress(RuntimeError):  # the loop is closed when the daemon was stopped meanwhile
            self._loop.call_soon_threadsafe(self._adopt, shelved, wanted, voice)

    def _trouble_with_trust(self) -> str | None:
        """Why nobody is trusted with voices: until that is mended those that are loaded speak on, and no other is loaded."""
        try:
            self._parts.trust.read()
        except KeysError as error:
            return str(error)
        return None

    def _choose(self, voice_id: str, by: str) -> None:
        try:
            self._parts.store.choose(voice_id, by=by)
        except StoreError as error:
            log.error("choice of voice not kept voice=%s error=%r", voice_id, str(error))

    def _wanted(self, shelved: Shelved) -> str | None:
        """What was chosen since, else what was."""
        return shelved.chosen if shelved.chosen != self._parts.catalog.shelved.chosen else self._parts.settings.voice

    def _look(self) -> Shelved:
        """What is installed; versions whose signers are trusted no longer are given up for an earlier one, or it is noted that they end."""
        store, shelved = self._parts.store, self._parts.catalog.look()
        distrusted = [(voice, shelved.distrusted[voice.folder]) for voice in shelved.voices if voice.folder in shelved.distrusted]
        for voice, why in distrusted:
            try:
                earlier = store.state().entry(voice.id).previous
                if earlier is None or store.distrust(voice.id, earlier) or not self._roll_back(voice, why):
                    store.record_end(voice.id, by=BY, distrusted=why)
            except StoreError as error:
                log.error("end of a voice not recorded voice=%s error=%r", voice.id, str(error))
        return self._parts.catalog.look() if distrusted else shelved

    def _prepare(self, shelved: Shelved, wanted: str | None) -> tuple[Shelved, VoiceInfo | None]:
        """Load the voice that shall speak; one that cannot be loaded is rolled back, or another one takes its place."""
        catalog = self._parts.catalog
        for _ in range(MAX_ATTEMPTS):
            self._record_expiry(shelved, wanted)
            try:
                voice = catalog.speaking(wanted, shelved)
            except UnknownVoice as error:
                self._parts.health.degrade("engine", str(error))
                return shelved, None
            try:
                self._parts.speaker.engines.prepare(voice)
            except SynthesisError as error:
                log.error("voice not loaded voice=%s seq=%s error=%r", voice.id, voice.seq, str(error))
                if voice.seq is None:
                    return shelved, None  # the one that ships: what the cache holds is spoken all the same
                rolled_back = self._roll_back(voice, str(error))
                failed = shelved.failed if rolled_back else {**shelved.failed, voice.folder: str(error)}
                shelved = replace(self._look(), failed=failed)
            else:
                self._parts.worker.rehearse(voice)
                self._parts.loaded()
                return shelved, voice
        return shelved, None

    def _roll_back(self, voice: VoiceInfo, why: str) -> bool:
        try:
            self._parts.store.roll_back(voice.id, by=BY, failed=why, seq=voice.seq)
        except EdgeAgentError as error:
            log.warning("no version to go back to voice=%s error=%r", voice.id, str(error))
            return False
        return True

    def _record_expiry(self, shelved: Shelved, wanted: str | None) -> None:
        for voice in shelved.voices:
            if voice.id == wanted and voice.folder not in shelved.distrusted and self._parts.catalog.ended(voice, shelved):
                with contextlib.suppress(StoreError):
                    self._parts.store.record_end(voice.id, by=BY)

    # ---- in the event loop's thread again

    def _adopt(self, shelved: Shelved, wanted: str | None, voice: VoiceInfo | None) -> None:
        parts = self._parts
        before = parts.catalog.shelved.voices
        parts.catalog.adopt(shelved)
        if wanted != parts.settings.voice:
            parts.settings.voice = wanted
            parts.settings.save()
        if shelved.trouble is None:
            self._retire(before, shelved)
        if voice is not None and (voice.folder, voice.digest) != self._prewarmed:
            self._prewarmed = voice.folder, voice.digest
            parts.prewarm.begin(voice)
        why = parts.catalog.why_not(wanted) if wanted is not None else None
        instead = f"; voice {voice.id} speaks instead" if voice else ""
        parts.health.note("voice", f"{why}{instead}" if why else None)
        parts.health.note("voices", shelved.trouble)
        self._speaking = self._digest() or ""
        self._busy = False
        self._news.tell(voice.id if voice else None)
        self.check()

    def _digest(self) -> str | None:
        try:
            return self._parts.catalog.speaking(self._parts.settings.voice).digest
        except UnknownVoice:
            return ""

    def _retire(self, before: Sequence[VoiceInfo], now: Shelved) -> None:
        """What a version that another one has replaced had ready may go when room is needed; what a deleted voice had goes."""
        folders, ids = {each.folder for each in now.voices}, {each.id for each in now.voices}
        for voice in before:
            if voice.folder not in folders and voice.id in ids:
                self._parts.prewarm.release(voice)
        gone = {voice.id for voice in before} - ids
        self._parts.worker.when_idle(lambda: self._forget(gone, now))

    def _forget(self, gone: set[str], now: Shelved) -> None:
        """In the synthesis thread, after its last sentence with them: what was recorded since they were deleted goes too."""
        self._parts.speaker.repertoires.keep(now.voices)
        for voice in now.voices:
            if voice.folder in now.distrusted:
                self._parts.speaker.engines.drop(voice.id)
        for voice_id in gone:
            self._parts.speaker.engines.drop(voice_id)
            if self._parts.cache is not None:
                self._parts.cache.clear(voice_id, include_pinned=True)
            log.info("voice forgotten voice=%s", voice_id)
