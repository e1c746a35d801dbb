"""Speech without a daemon: the same engine, loudness and limiter, and no queue, journal or cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_agent.config import Config
from edge_agent.playback.limiter import Limiter
from edge_agent.speech import Engines, Speaker
from edge_agent.synthesis import PCM, as_float
from edge_agent.templates import Templates
from edge_agent.voices import VoiceInfo
from edge_agent.voices.store import device_catalog, voice_extras, voice_files


class OfflineSpeaker:
    """Renders texts as the device would play them; the voice is loaded with the first and kept."""

    def __init__(self, config: Config) -> None:
        self._catalog = device_catalog(config)
        self._default = config.voice.id
        voice = config.voice
        engines = Engines(voice.provider, voice.threads, opened=voice_files(config), gpu_memory_bytes=voice.gpu_memory_bytes)
        templates = Templates.parse(config.announcement.templates)
        self._speaker = Speaker(engines, None, templates, config.audio.loudness_lufs, voice_extras(config))

    def voice(self, voice_id: str | None) -> VoiceInfo:
        """A voice by its id, or the one that speaks when none is named.

        Raises:
            UnknownVoice: there is no such voice.
        """
        return self._catalog.get(voice_id) if voice_id is not None else self._catalog.speaking(self._default)

    @property
    def trouble(self) -> str | None:
        """Why the voice that speaks when none is named is not the one that was chosen for that; None if it is."""
        wanted = self._default or self._catalog.shelved.chosen
        return self._catalog.shelved.trouble or (None if wanted is None else self._catalog.why_not(wanted))

    def render(
        self,
        text: str,
        lang: str,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        volume: float = 1.0,
        chime: str | None = None,
        repeat: int = 1,
    ) -> Iterator[PCM]:
        """Chunks of mono float32 PCM [n_samples] at ``voice.sample_rate``, as soon as they are there.

        Raises:
            TextError, SynthesisError: it cannot be spoken.
        """
        limiter = Limiter(voice.sample_rate)
        script = self._speaker.script(text, lang, voice, chime=chime, repeat=repeat)
        for piece in self._speaker.pieces(script, voice, speed=speed):
            yield limiter.process((as_float(piece.pcm) * np.float32(piece.gain * volume)).astype(np.float32, copy=False))
        yield limiter.flush()

    def close(self) -> None:
        self._speaker.engines.close()
