"""The daemon: builds its parts from the configuration, starts them in order, stops them in reverse."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from edge_agent.clock import SystemClock
from edge_agent.config import Config, ConfigError
from edge_agent.core import Core, Ports
from edge_agent.core.admission import Admission
from edge_agent.core.commands import Commands, Settings
from edge_agent.ducking import Ducker, Mixer, PulseMixer, SoftvolMixer
from edge_agent.errors import EdgeAgentError
from edge_agent.events import PROVISIONED, Event
from edge_agent.ingress import Ingress, MqttIngress, ZmqIngress
from edge_agent.journal import Journal
from edge_agent.phrases import CacheError, PhraseCache
from edge_agent.playback.player import Player
from edge_agent.playback.portaudio import PortAudioSink
from edge_agent.policy import Policy
from edge_agent.prewarm import Prewarm
from edge_agent.queue import SpeechQueue
from edge_agent.reload import Changes, compare
from edge_agent.service.board import Board
from edge_agent.service.health import Health
from edge_agent.service.heartbeat import Heartbeat
from edge_agent.service.metrics import Metrics, MetricsServer
from edge_agent.service.notify import Notifier
from edge_agent.service.watchdog import Watchdog
from edge_agent.speech import Engines, Speaker
from edge_agent.speech.engines import in_its_folder
from edge_agent.synthesis import Engine
from edge_agent.synthesis.providers import CPU, Chooser
from edge_agent.templates import Templates
from edge_agent.voice_switch import CHECK_EVERY_S, Parts, VoiceSwitch
from edge_agent.voices import UnknownVoice, VoiceInfo
from edge_agent.voices.fleet import Follower
from edge_agent.voices.keys import KeysError, TrustFile, fingerprint
from edge_agent.voices.pack import Extras
from edge_agent.voices.store import Store, StoreError, open_catalog, open_store
from edge_agent.voices.usb import Watched
from edge_agent.worker import SynthesisWorker

log = logging.getLogger(__name__)

SYNTHESIS_LIMIT_S = 30.0
"""Loading a voice is the longest the synthesis thread is silent for."""
AUDIO_LIMIT_S = 15.0
PRUNE_EVERY_S = 6 * 3600.0
STICK_CHECK_EVERY_S = 1.0


class Closable(Protocol):
    """A part that is open from its construction on."""

    def close(self) -> None: ...


Part = TypeVar("Part", bound=Closable)


class Agent:
    """All parts of one daemon.

    Raises:
        EdgeAgentError: from :meth:`start`, when a part without which nothing works cannot be had (a second daemon holds the
            journal, a certificate is unreadable). A missing broker, audio device or model is not such a part.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock = SystemClock()
        self._notifier = Notifier()
        self._metrics = Metrics()
        self._stops = ExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._ingresses: list[Ingress] = []
        self._core: Core | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._health = Health(self._health_changed)

    async def start(self) -> None:
        """Start every part; on an error what was started is stopped again."""
        self._loop = asyncio.get_running_loop()
        try:
            self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop in reverse order; what waits stays in the journal."""
        self._notifier.stopping()
        if self._core is not None:
            self._core.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._stops.close()

    def reload(self, read: Callable[[], Config]) -> None:
        """Take a changed configuration into use while speaking goes on; one that is wrong changes nothing.

        In the event loop's thread. What cannot change without a restart is named in the log and in the status.
        """
        self._notifier.reloading()
        try:
            changes = compare(self._config, read())
            self._apply(changes)
        except ConfigError as error:
            for problem in error.problems:
                log.error("reload refused problem=%r", str(problem))
            self._notifier.ready(f"configuration not taken, {len(error.problems)} wrong: {error.problems[0]}")
        except EdgeAgentError as error:
            log.error("reload refused error=%r", str(error))
            self._notifier.ready(f"configuration not taken: {error}")
        else:
            log.log(logging.WARNING if changes.at_restart else logging.INFO, "reloaded outcome=%r", changes.summary())
            self._notifier.ready(changes.summary())

    def _apply(self, changes: Changes) -> None:
        config = changes.config
        self._policy.change(config.policy.build())
        self._config = config
        logging.getLogger().setLevel(config.log.level.upper())
        self._admission.use(config.announcement.build())
        self._speaker.use(Templates.parse(config.announcement.templates), config.audio.loudness_lufs)
        self._prewarm.file = config.cache.prewarm_file
        with suppress(UnknownVoice):  # said at the start already
            self._prewarm.begin(self._catalog.speaking(self._settings.voice))

    def _start(self) -> None:
        config = self._config
        config.paths.state_dir.mkdir(parents=True, exist_ok=True)
        settings = Settings(config.paths.state_dir / "settings.json", volume=config.audio.volume, voice=config.voice.id)
        journal = self._opened(Journal(config.paths.journal, clock=self._clock, reserve_bytes=config.journal.reserve_bytes))
        self._report_recovery("journal", journal)
        cache = self._open_cache()
        policy = self._opened(Policy(config.policy.build(), clock=self._clock, quota_path=config.paths.quota))
        self._stick = Watched(config.paths.state_dir)
        self._store = store = self._open_store(cache)
        self._catalog = open_catalog(config.paths.state_dir)
        settings.voice = config.voice.id or self._catalog.shelved.chosen or settings.voice
        speaker = self._make_speaker(store, cache)
        synthesis_heart = Heartbeat("synthesis", SYNTHESIS_LIMIT_S)
        audio_heart = Heartbeat("audio", AUDIO_LIMIT_S)
        worker = SynthesisWorker(speaker, synthesis_heart)
        prewarm = self._prewarm = Prewarm(worker, speaker.repertoires, self._health, config.cache.prewarm_file)
        queue = SpeechQueue(max_waiting=config.announcement.max_waiting)

        mqtt = MqttIngress(config.mqtt.build()) if config.mqtt.enabled else None
        player = Player(
            self._make_sink, on_event=lambda event: core.player_event(event), heartbeat=audio_heart,  # noqa: PLW0108 core is made later
            lead_in_s=config.audio.lead_in_s, idle_close_s=config.audio.idle_close_s,
        )
        commands = Commands(self._catalog, worker, player, settings, self._status)
        admission = Admission(
            journal, policy, speaker, self._catalog, config.announcement.build(), lambda: settings.voice,
            mqtt.reply_problem if mqtt else lambda _topic: None,
        )
        ducker = self._make_ducker()
        ports = Ports(
            journal, queue, policy, admission, worker, player, self._metrics, self._health, self._clock, self._ingresses,
            ducker.speaking if ducker else lambda _is_speaking: None,
        )
        core = Core(ports, self._loop, commands)
        commands.core = core
        self._core, self._queue = core, queue
        self._policy, self._admission, self._speaker, self._worker, self._settings = policy, admission, speaker, worker, settings

        hearts = [synthesis_heart, audio_heart]
        if ducker is not None:
            self._begin(ducker.start, ducker.stop)
        self._begin(worker.start, worker.stop)
        self._begin(player.start, player.stop)
        player.set_volume(settings.volume)
        for ingress in (mqtt, self._make_zmq(acknowledges=mqtt is None)):
            if ingress is not None:
                self._ingresses.append(ingress)
                self._begin(partial(ingress.start, core), ingress.stop)
                hearts.append(ingress.heartbeat)
        self._metrics.watch(
            queue_length=lambda: len(queue), cache=lambda: cache.stats() if cache else None, hearts=hearts, board=Board.look
        )
        self._start_metrics()
        core.recover()
        parts = Parts(
            store, self._catalog, speaker, worker, prewarm, settings, cache, self._health, self._tell, self._publish_soon,
            TrustFile(config.paths.keys).read,
        )
        switch = VoiceSwitch(parts, self._loop)
        commands.choose, commands.delete = switch.choose, switch.delete
        if config.voice.fleet and config.mqtt.enabled:
            follower = self._make_follower(store)
            self._begin(follower.start, follower.stop)
        self._tasks = [
            self._loop.create_task(task, name=name)
            for name, task in (
                ("watchdog", Watchdog(self._notifier, hearts).run()),
                ("health", self._every(config.metrics.health_interval_s, self._publish_health)),
                ("voices", self._every(CHECK_EVERY_S, switch.check)),
                ("stick", self._every(STICK_CHECK_EVERY_S, self._check_stick)),
                ("prune", self._every(PRUNE_EVERY_S, lambda: journal.prune(self._clock.now() - config.journal.retention_s))),
            )
        ]
        self._health_changed()
        self._notifier.ready("ready; cached phrases play, the voice is loading")

    # ---- parts

    def _open_cache(self) -> PhraseCache | None:
        section = self._config.cache
        if not section.enabled:
            return None
        try:
            folder = self._config.paths.phrases
            return self._opened(PhraseCache(folder, budget_bytes=section.budget_bytes, floor_bytes=section.floor_bytes))
        except CacheError as error:
            self._health.degrade("cache", str(error))
            return None

    def _open_store(self, cache: PhraseCache | None) -> Store:
        clear = partial(cache.clear, include_pinned=True) if cache is not None else None
        try:
            store = open_store(self._config, clear_phrases=clear)
        except KeysError as error:
            self._health.degrade("keys", f"{error}; voices that are sealed to this device cannot be loaded")
            store = open_store(self._config, clear_phrases=clear, with_keys=False)
        try:
            store.sweep()
        except StoreError as error:
            self._health.degrade("voices", str(error))
        return store

    def _make_follower(self, store: Store) -> Follower:
        config = self._config
        identity = fingerprint(store.gate.identities[0]) if store.gate.identities else config.mqtt.device
        return Follower(config.mqtt.build(), store, TrustFile(config.paths.keys).read, identity, config.paths.incoming)

    def _make_speaker(self, store: Store, cache: PhraseCache | None) -> Speaker:
        def extras(voice: VoiceInfo) -> Extras:
            return Extras() if voice.seq is None else store.extras(voice.id, voice.seq)

        templates = Templates.parse(self._config.announcement.templates)
        engines = self._opened(self._make_engines(store))
        speaker = Speaker(engines, cache, templates, self._config.audio.loudness_lufs, extras)
        speaker.repertoires.prepare(self._catalog.shelved.voices)  # before the first request, which may be for a chime of a pack
        return speaker

    def _make_engines(self, store: Store) -> Engines:
        voice = self._config.voice
        chooser = Chooser(self._config.paths.engines, voice.provider, voice.threads, voice.gpu_memory_bytes)

        def opened(info: VoiceInfo) -> AbstractContextManager[Path]:
            return in_its_folder(info) if info.seq is None else store.opened(info.id, info.seq)

        return Engines(
            voice.provider, voice.threads, self._engine_changed,
            opened=opened, chooser=chooser, gpu_memory_bytes=voice.gpu_memory_bytes,
        )  # fmt: skip

    def _make_sink(self) -> PortAudioSink:
        audio = self._config.audio
        return PortAudioSink(audio.device, sample_rate=audio.sample_rate_hz, buffer_s=audio.buffer_s)

    def _make_zmq(self, *, acknowledges: bool) -> ZmqIngress | None:
        section = self._config.zmq
        if not section.enabled:
            return None
        config = section.build(self._config.paths.zmq_keys)
        return ZmqIngress(config, acknowledges=acknowledges, on_refused=self._metrics.connection_refused)

    def _make_ducker(self) -> Ducker | None:
        section, memory = self._config.ducking, self._config.paths.ducking
        mixer: Mixer
        if section.backend == "pulse":
            mixer = PulseMixer(section.pulse_server, memory)
        elif section.backend == "alsa":
            mixer = SoftvolMixer(section.alsa_card, section.alsa_control, memory)
        else:
            return None
        note = partial(self._health.note, "ducking")
        return Ducker(mixer, level=section.level, ramp_s=section.ramp_ms / 1000, hold_s=section.hold_ms / 1000, on_problem=note)

    def _start_metrics(self) -> None:
        section = self._config.metrics
        if section.enabled:
            server = MetricsServer(self._metrics.registry, address=section.address, port=section.port)
            try:
                self._begin(server.start, server.stop)
            except OSError as error:
                self._health.degrade("metrics", f"port {section.port} of {section.address} cannot be served: {error}")

    def _publish_soon(self) -> None:
        with suppress(RuntimeError):  # the loop is closed when the daemon was stopped meanwhile
            self._loop.call_soon_threadsafe(self._publish_health)

    # ---- reports

    def _engine_changed(self, voice: VoiceInfo, engine: Engine | None, reason: str | None) -> None:
        if engine is None:
            self._health.degrade("engine", f"{reason}; only cached phrases are spoken")
            self._notifier.status(f"{reason}; only cached phrases are spoken")
            return
        budget = 0 if engine.provider == CPU else self._config.voice.gpu_memory_bytes
        self._metrics.engine(voice=voice.id, provider=engine.provider, fallback=reason is not None, gpu_memory_bytes=budget)
        self._health.note("engine", reason)
        self._catalog.remember(voice)
        self._notifier.status(f"voice {voice.id} loaded on {engine.provider}")

    def _report_recovery(self, part: str, database: Journal) -> None:
        if database.recovered_from is not None:
            log.error("%s recovered aside=%s reason=%r", part, database.recovered_from, database.recovery_reason)
            self._health.degrade(part, f"was damaged; the old one is kept as {database.recovered_from}")

    def _status(self) -> dict[str, object]:
        state, why = self._health.state()
        figures = {"queue_length": len(self._queue), "speaking": self._core.speaking, "last_stick": self._stick.last}
        return {"state": state, "why": why, **figures}

    def _health_changed(self) -> None:
        state, why = self._health.state()
        self._metrics.degraded(state != "online")
        for ingress in self._ingresses:
            ingress.set_status(state, why)

    def _check_stick(self) -> None:
        """Tell everybody of a stick that was imported."""
        if (news := self._stick.news()) is not None:
            event = Event(PROVISIONED, "usb", news["at"], "usb", detail={name: news[name] for name in ("code", "ok", "packs")})
            self._tell(event)
            self._publish_health()

    def _tell(self, event: Event) -> None:
        for ingress in self._ingresses:
            ingress.publish(event)

    def _publish_health(self) -> None:
        self._health.note("heat", "; ".join(Board.look().throttled) or None)
        figures = {**self._metrics.figures(), "last_stick": self._stick.last}
        for ingress in self._ingresses:
            ingress.publish_health(figures)

    # ---- help

    def _opened(self, part: Part) -> Part:
        self._stops.callback(part.close)
        return part

    def _begin(self, start: Callable[[], None], stop: Callable[[], None]) -> None:
        start()
        self._stops.callback(stop)

    async def _every(self, seconds: float, action: Callable[[], object]) -> None:
        while True:
            try:
                action()
            except EdgeAgentError as error:
                log.error("periodic task failed error=%r", str(error))
            await asyncio.sleep(seconds)


def run(config: Config, read: Callable[[], Config]) -> int:
    """Run the daemon until SIGTERM or SIGINT; the process's exit status. On SIGHUP ``read`` fetches the configuration anew."""
    return asyncio.run(_run(config, read))


async def _run(config: Config, read: Callable[[], Config]) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    agent = Agent(config)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    # Until it is ready there is nothing to reload, and the signal must not end it.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        await agent.start()
    except EdgeAgentError as error:
        log.critical("not started error=%r", str(error))
        return 1
    loop.add_signal_handler(signal.SIGHUP, agent.reload, read)
    await stopped.wait()
    await agent.stop()
    return 0
