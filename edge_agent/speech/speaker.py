"""Segments to PCM: from the phrase cache where it has them, from the engine where not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge_agent.phrases import CacheError, NotCacheable, PhraseCache, phrase_key
from edge_agent.playback import chimes
from edge_agent.playback.loudness import TARGET_LUFS, gain_to
from edge_agent.speech.engines import Engines
from edge_agent.speech.repertoire import NOTHING, ReadExtras, Repertoires
from edge_agent.speech.script import Item, Script, Sound
from edge_agent.synthesis import PCM, SILENCE, Chunk, SynthesisError, as_float, peak_of
from edge_agent.templates import Templates
from edge_agent.text import FRONT_END_VERSION, Chime, Pause, Speech
from edge_agent.voices import VoiceInfo

ENGINE_SCHEMA = "1"
"""Changes when an engine would give other samples for the same voice and phonemes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of sound: mono PCM [n], float32 or 16-bit, the number of its segment, the linear gain that brings it to the loudness
    target, and whether it came from the cache (None for chimes and pauses)."""

    pcm: Chunk
    segment: int
    gain: float
    cached: bool | None


def _nothing() -> None:
    pass


class Speaker:
    """Speaks scripts. Use one from one thread at a time (the synthesis thread).

    Args:
        engines: loaded voices.
        cache: recordings, or None to do without.
        templates: the device's sentences with slots, cached by their parts.
        loudness_lufs: the loudness that voices and chimes are brought to.
        extras: gives what a voice's pack brings besides the voice, see :class:`Repertoires`.
    """

    def __init__(
        self, engines: Engines, cache: PhraseCache | None, templates: Templates, loudness_lufs: float,
        extras: ReadExtras = lambda _voice: NOTHING,
    ) -> None:
        self.engines = engines
        self.repertoires = Repertoires(templates, extras)
        self._cache = cache
        self._loudness_lufs = loudness_lufs
        self._chime = lru_cache(maxsize=16)(chimes.render)

    def use(self, templates: Templates, loudness_lufs: float) -> None:
        """Speak so from the next script on. May be called from any thread."""
        self._loudness_lufs = loudness_lufs
        self.repertoires.use(templates)

    def script(
        self, text: str, lang: str, voice: VoiceInfo | None = None, *, chime: str | None = None, repeat: int = 1, gap_s: float = 1.0
    ) -> Script:
        """What will be heard; remembered for texts that come again. See :func:`write_script`.

        Args:
            voice: whose pack's templates and chimes there are beside the device's own.

        Raises:
            TextError: nothing can be spoken, or the SSML is wrong.
            SynthesisError: it asks for a chime that does not exist.
        """
        return self.repertoires.of(voice).script(text, lang, chime, repeat, gap_s)

    def pieces(self, script: Script, voice: VoiceInfo, *, speed: float = 1.0, first: int = 0) -> Iterator[Piece]:
        """The sound of a script from segment ``first`` on, as early as it is there.

        Raises:
            SynthesisError: the engine failed, on the processor too; what the cache holds never needs the engine.
        """
        for number, item in enumerate(script.items):
            if number >= first:
                yield from self._sound(item, number, voice, speed)

    def prewarm(
        self, segment: Speech, voice: VoiceInfo, *, pinned: bool = False, speed: float = 1.0, on_chunk: Callable[[], None] = _nothing
    ) -> bool:
        """Have a segment in the cache; whether it had to be made. ``on_chunk`` is called after each chunk of sound, and may raise
        what ends this: then nothing is kept.

        Raises:
            SynthesisError: the engine failed.
            CacheError: the phrase cannot be pinned.
        """
        origins = []
        for piece in self._sound(segment, 0, voice, speed):
            origins.append(piece.cached)
            on_chunk()
        if pinned and self._cache is not None:
            self._cache.pin(self.key(segment, voice, speed))
        return False in origins

    def release(self, segment: Speech, voice: VoiceInfo, *, speed: float = 1.0) -> None:
        """Pin a segment no longer; if it is not in the cache, or the cache cannot be written, nothing is lost."""
        if self._cache is not None:
            with contextlib.suppress(CacheError):
                self._cache.pin(self.key(segment, voice, speed), pinned=False)

    def rehearse(self, segment: Speech, voice: VoiceInfo, on_chunk: Callable[[], None] = _nothing) -> None:
        """Speak to nobody and keep nothing, so that whoever speaks next does not pay for what is done only once.
        ``on_chunk`` is called after each chunk of sound.

        Raises:
            SynthesisError: the engine failed.
        """
        for _ in self.engines.get(voice).synthesize(segment):
            on_chunk()

    def key(self, segment: Speech, voice: VoiceInfo, speed: float = 1.0) -> str:
        """The name of a segment's recording."""
        return phrase_key(
            segment, voice_id=voice.id, pack_digest=voice.digest, front_end_version=FRONT_END_VERSION, speed=speed,
            sample_rate=voice.sample_rate, engine_schema=f"{voice.engine}/{ENGINE_SCHEMA}",
        )

    def _sound(self, item: Item, number: int, voice: VoiceInfo, speed: float) -> Iterator[Piece]:
        if isinstance(item, Pause):
            n_samples = round(item.seconds * voice.sample_rate)
            for start in range(0, n_samples, voice.sample_rate):  # ten minutes are allowed, which are not wanted in memory at once
                yield Piece(np.zeros(min(voice.sample_rate, n_samples - start), np.float32), number, 1.0, None)
        elif isinstance(item, Chime):
            yield Piece(self._chime(item.name, voice.sample_rate), number, gain_to(TARGET_LUFS, self._loudness_lufs), None)
        elif isinstance(item, Sound):
            yield Piece(item.pcm, number, gain_to(TARGET_LUFS, self._loudness_lufs), None)
        else:
            gain = gain_to(voice.loudness_lufs, self._loudness_lufs) * 10 ** (item.gain_db / 20)
            key = self.key(item, voice, speed)
            recording = self._cache.get(key) if self._cache is not None else None
            if recording is not None:
                yield Piece(recording, number, gain, True)
            else:
                yield from self._synthesize(item, number, voice, speed, gain, key)

    def _synthesize(self, item: Speech, number: int, voice: VoiceInfo, speed: float, gain: float, key: str) -> Iterator[Piece]:
        chunks: list[Chunk] = []
        n_heard, busy_s = 0, 0.0
        engine = self.engines.get(voice)
        stream = engine.synthesize(item, speed=speed)
        while True:
            began = time.monotonic()
            try:
                chunk = next(stream, None)
            except SynthesisError as error:
                if not error.retryable:
                    raise
                stream = self.engines.fall_back(voice, error).synthesize(item, speed=speed)
                # What was heard is not said twice. It may have been silence, which is what failed then.
                n_heard = sum(map(len, chunks)) if any(peak_of(each) >= SILENCE for each in chunks) else 0
                chunks, busy_s = [], 0.0
                continue
            busy_s += time.monotonic() - began
            if chunk is None:
                break
            chunks.append(chunk)
            new = chunk[n_heard:]
            n_heard = max(0, n_heard - len(chunk))
            if len(new):
                yield Piece(new, number, gain, False)
        if self._cache is not None and chunks:
            self._keep(key, as_float(np.concatenate(chunks)), item, voice, busy_s)

    def _keep(self, key: str, pcm: PCM, item: Speech, voice: VoiceInfo, busy_s: float) -> None:
        with contextlib.suppress(NotCacheable):  # longer than the cache takes: it is spoken anyway, and made again next time
            self._cache.put(
                key, pcm, text=item.text, lang=item.lang, voice_id=voice.id, sample_rate=voice.sample_rate, synthesis_s=busy_s
            )
