"""All parts of one daemon, wired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from edge_agent.agent.lifetime import Lifetime
from edge_agent.agent.reports import Reports
from edge_agent.agent.workshop import Workshop
from edge_agent.clock import SystemClock
from edge_agent.config import Config, ConfigError
from edge_agent.core import Core, Ports
from edge_agent.core.admission import Admission
from edge_agent.core.commands import Commands
from edge_agent.core.settings import Settings
from edge_agent.errors import EdgeAgentError
from edge_agent.heartbeat import Heartbeat
from edge_agent.playback.player import Player
from edge_agent.prewarm import Prewarm
from edge_agent.queue import SpeechQueue
from edge_agent.reload import Changes, compare
from edge_agent.service.board import Board
from edge_agent.service.notify import Notifier
from edge_agent.service.watchdog import Watchdog
from edge_agent.synthesis import Engine
from edge_agent.templates import Templates
from edge_agent.voice_switch import CHECK_EVERY_S, Parts, VoiceSwitch
from edge_agent.voices import UnknownVoice, VoiceInfo
from edge_agent.voices.fleet import Deletions
from edge_agent.voices.keys import TrustFile
from edge_agent.voices.store import open_catalog
from edge_agent.voices.usb import Watched
from edge_agent.worker import SynthesisWorker

log = logging.getLogger(__name__)

SYNTHESIS_LIMIT_S = 60.0
"""The longest the synthesis thread is silent for: loading a voice and making its first chunk on a slow, busy processor. Generous,
since a daemon that is only slow is as slow when it was restarted, and would never speak."""
AUDIO_LIMIT_S = 15.0
PRUNE_EVERY_S = 6 * 3600.0
STICK_CHECK_EVERY_S = 1.0
CACHE_CHECK_EVERY_S = 10.0


class Agent:
    """All parts of one daemon.

    Raises:
        EdgeAgentError: from :meth:`start`, when a part without which nothing works cannot be had (a second daemon holds the
            journal, a certificate is unreadable). A missing broker, audio device or model is not such a part.
    """

    def __init__(self, config: Config) -> None:
        self._clock = SystemClock()
        self._notifier = Notifier()
        self._lifetime = Lifetime()
        self._reports = Reports(self._notifier, Watched(config.paths.state_dir), config.voice.gpu_memory_bytes)
        self._health = self._reports.health
        self._workshop = Workshop(config, self._health, self._lifetime)
        self._core: Core | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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
        await self._lifetime.end()

    def reload(self, read: Callable[[], Config]) -> None:
        """Take a changed configuration into use while speaking goes on; one that is wrong changes nothing.

        In the event loop's thread. What cannot change without a restart is named in the log and in the status.
        """
        self._notifier.reloading()
        try:
            changes = compare(self._workshop.config, read())
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
        self._workshop.config = config
        logging.getLogger().setLevel(config.log.level.upper())
        self._admission.use(config.announcement.build())
        self._speaker.use(Templates.parse(config.announcement.templates), config.audio.loudness_lufs)
        self._prewarm.file = config.cache.prewarm_file
        with suppress(UnknownVoice):  # said at the start already
            self._prewarm.begin(self._catalog.speaking(self._settings.voice))

    def _start(self) -> None:
        config, make, lifetime, reports = self._workshop.config, self._workshop, self._lifetime, self._reports
        config.paths.state_dir.mkdir(parents=True, exist_ok=True)
        self._settings = settings = Settings(config.paths.state_dir / "settings.json", volume=config.audio.volume, voice=config.voice.id)
        journal = make.journal(self._clock)
        reports.opened("journal", journal)
        cache = make.cache()
        self._policy = make.policy(self._clock)
        store = make.store(cache)
        self._catalog = open_catalog(config.paths.state_dir, store.distrust)
        settings.voice = config.voice.id or self._catalog.shelved.chosen or settings.voice
        self._speaker = speaker = make.speaker(store, cache, self._engine_changed)
        speaker.repertoires.prepare(self._catalog.shelved.voices)  # before the first request, which may be for a chime of a pack
        synthesis_heart, audio_heart = Heartbeat("synthesis", SYNTHESIS_LIMIT_S), Heartbeat("audio", AUDIO_LIMIT_S)
        worker = SynthesisWorker(speaker, synthesis_heart)
        self._prewarm = Prewarm(worker, speaker.repertoires, self._health, config.cache.prewarm_file)
        queue = SpeechQueue(max_waiting=config.announcement.max_waiting)
        player = Player(
            make.sink, on_event=lambda event: core.player_event(event),  # noqa: PLW0108 core is made later
            heartbeat=audio_heart, lead_in_s=config.audio.lead_in_s, idle_close_s=config.audio.idle_close_s,
        )  # fmt: skip
        mqtt, ducker = make.mqtt(), make.ducker()
        self._admission = Admission(
            journal, self._policy, speaker, self._catalog, config.announcement.build(), lambda: settings.voice,
            mqtt.reply_problem if mqtt else lambda _topic: None,
        )  # fmt: skip
        commands = Commands(
            self._catalog, worker, player, settings,
            lambda: {**reports.state(), "queue_length": len(queue), "speaking": core.speaking},
        )  # fmt: skip
        ports = Ports(
            journal, queue, self._policy, self._admission, worker, player, reports.metrics, self._health, self._clock,
            reports.ingresses, ducker.speaking if ducker else lambda _is_speaking: None,
        )  # fmt: skip
        self._core = commands.core = core = Core(ports, self._loop, commands)

        hearts = [synthesis_heart, audio_heart]
        if ducker is not None:
            lifetime.begin(ducker.start, ducker.stop)
        lifetime.begin(worker.start, worker.stop)
        lifetime.begin(player.start, player.stop)
        player.set_volume(settings.volume)
        for ingress in (mqtt, make.zmq(reports.metrics, acknowledges=mqtt is None)):
            if ingress is not None:
                reports.ingresses.append(ingress)
                lifetime.begin(partial(ingress.start, core), ingress.stop)
                hearts.append(ingress.heartbeat)
        reports.metrics.watch(
            queue_length=lambda: len(queue), cache=lambda: cache.stats() if cache else None, hearts=hearts, board=Board.look
        )
        make.serve(reports.metrics)
        core.recover()
        trust = TrustFile(config.paths.keys)
        parts = Parts(
            store, self._catalog, speaker, worker, self._prewarm, settings, cache, self._health, reports.tell, self._tell_figures_soon,
            trust,
        )  # fmt: skip
        switch = VoiceSwitch(parts, self._loop)
        commands.choose, commands.delete = switch.choose, Deletions(store, trust.read).follow
        if (follower := make.follower(store)) is not None:
            lifetime.begin(follower.start, follower.stop)
        lifetime.run("watchdog", Watchdog(self._notifier, hearts).run())
        lifetime.repeat("health", config.metrics.health_interval_s, reports.tell_figures)
        lifetime.repeat("voices", CHECK_EVERY_S, switch.check)
        if cache is not None:
            lifetime.repeat("cache", CACHE_CHECK_EVERY_S, lambda: self._health.note("cache", cache.trouble))
        lifetime.repeat("stick", STICK_CHECK_EVERY_S, reports.check_stick)
        lifetime.repeat("prune", PRUNE_EVERY_S, lambda: journal.prune(self._clock.now() - config.journal.retention_s))
        reports.tell_state()
        self._notifier.ready("ready; cached phrases play, the voice is loading")

    def _engine_changed(self, voice: VoiceInfo, engine: Engine | None, reason: str | None) -> None:
        self._reports.engine_changed(voice, engine, reason)
        if engine is not None:
            self._catalog.remember(voice)

    def _tell_figures_soon(self) -> None:
        with suppress(RuntimeError):  # the loop is closed when the daemon was stopped meanwhile
            self._loop.call_soon_threadsafe(self._reports.tell_figures)
