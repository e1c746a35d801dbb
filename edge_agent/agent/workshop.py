"""Makes the parts as the configuration wants them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from edge_agent.agent.lifetime import Lifetime
from edge_agent.clock import Clock
from edge_agent.config import Config
from edge_agent.ducking import Ducker, Mixer, PulseMixer, SoftvolMixer
from edge_agent.ingress import MqttIngress, ZmqIngress
from edge_agent.journal import Journal
from edge_agent.phrases import CacheError, PhraseCache
from edge_agent.playback.portaudio import PortAudioSink
from edge_agent.policy import Policy
from edge_agent.service.health import Health
from edge_agent.service.metrics import Metrics, MetricsServer
from edge_agent.speech import Engines, Speaker
from edge_agent.speech.engines import OnChange
from edge_agent.speech.loader import in_its_folder
from edge_agent.synthesis.providers import Chooser
from edge_agent.templates import Templates
from edge_agent.voices import VoiceInfo
from edge_agent.voices.fleet import Follower
from edge_agent.voices.keys import KeysError, TrustFile, fingerprint
from edge_agent.voices.pack import Extras
from edge_agent.voices.store import Store, StoreError, open_store


class Workshop:
    """A part that cannot be had, and without which others still work, is noted in ``health`` and left out.

    Args:
        config: what the daemon runs on; replaced when it is read again.
        lifetime: where parts that are open go.
    """

    def __init__(self, config: Config, health: Health, lifetime: Lifetime) -> None:
        self.config, self._health, self._lifetime = config, health, lifetime

    def journal(self, clock: Clock) -> Journal:
        """Raises:
        DatabaseError: another daemon has it, or its place cannot be written.
        """
        return self._lifetime.opened(Journal(self.config.paths.journal, clock=clock, reserve_bytes=self.config.journal.reserve_bytes))

    def policy(self, clock: Clock) -> Policy:
        return self._lifetime.opened(Policy(self.config.policy.build(), clock=clock, quota_path=self.config.paths.quota))

    def cache(self) -> PhraseCache | None:
        section = self.config.cache
        if not section.enabled:
            return None
        try:
            folder = self.config.paths.phrases
            return self._lifetime.opened(PhraseCache(folder, budget_bytes=section.budget_bytes, floor_bytes=section.floor_bytes))
        except CacheError as error:
            self._health.degrade("cache", str(error))
            return None

    def store(self, cache: PhraseCache | None) -> Store:
        """Swept; without the device's keys, if they cannot be read."""
        clear = partial(cache.clear, include_pinned=True) if cache is not None else None
        try:
            store = open_store(self.config, clear_phrases=clear)
        except KeysError as error:
            self._health.degrade("keys", f"{error}; voices that are sealed to this device cannot be loaded")
            store = open_store(self.config, clear_phrases=clear, with_keys=False)
        try:
            store.sweep()
        except StoreError as error:
            self._health.degrade("voices", str(error))
        return store

    def follower(self, store: Store) -> Follower | None:
        config = self.config
        if not (config.voice.fleet and config.mqtt.enabled):
            return None
        identity = fingerprint(store.gate.identities[0]) if store.gate.identities else config.mqtt.device
        return Follower(config.mqtt.build(), store, TrustFile(config.paths.keys).read, identity, config.paths.incoming)

    def speaker(self, store: Store, cache: PhraseCache | None, on_engine: OnChange) -> Speaker:
        def extras(voice: VoiceInfo) -> Extras:
            return Extras() if voice.seq is None else store.extras(voice.id, voice.seq)

        engines = self._lifetime.opened(self._engines(store, on_engine))
        templates = Templates.parse(self.config.announcement.templates)
        return Speaker(engines, cache, templates, self.config.audio.loudness_lufs, extras)

    def sink(self) -> PortAudioSink:
        """As the configuration is at the time."""
        audio = self.config.audio
        return PortAudioSink(audio.device, sample_rate=audio.sample_rate_hz, buffer_s=audio.buffer_s)

    def mqtt(self) -> MqttIngress | None:
        return MqttIngress(self.config.mqtt.build()) if self.config.mqtt.enabled else None

    def zmq(self, metrics: Metrics, *, acknowledges: bool) -> ZmqIngress | None:
        section = self.config.zmq
        if not section.enabled:
            return None
        return ZmqIngress(section.build(self.config.paths.zmq_keys), acknowledges=acknowledges, on_refused=metrics.connection_refused)

    def ducker(self) -> Ducker | None:
        section, memory = self.config.ducking, self.config.paths.ducking
        mixer: Mixer
        if section.backend == "pulse":
            mixer = PulseMixer(section.pulse_server, memory)
        elif section.backend == "alsa":
            mixer = SoftvolMixer(section.alsa_card, section.alsa_control, memory)
        else:
            return None
        note = partial(self._health.note, "ducking")
        return Ducker(mixer, level=section.level, ramp_s=section.ramp_ms / 1000, hold_s=section.hold_ms / 1000, on_problem=note)

    def serve(self, metrics: Metrics) -> None:
        """Let the metrics be read over HTTP, if they are to be."""
        section = self.config.metrics
        if section.enabled:
            server = MetricsServer(metrics.registry, address=section.address, port=section.port)
            try:
                self._lifetime.begin(server.start, server.stop)
            except OSError as error:
                self._health.degrade("metrics", f"port {section.port} of {section.address} cannot be served: {error}")

    def _engines(self, store: Store, on_engine: OnChange) -> Engines:
        voice = self.config.voice
        chooser = Chooser(self.config.paths.engines, voice.provider, voice.threads, voice.gpu_memory_bytes)

        def opened(info: VoiceInfo) -> AbstractContextManager[Path]:
            return in_its_folder(info) if info.seq is None else store.opened(info.id, info.seq)

        return Engines(
            voice.provider, voice.threads, on_engine, opened=opened, chooser=chooser, gpu_memory_bytes=voice.gpu_memory_bytes
        )
