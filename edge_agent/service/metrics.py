"""Counts and times, once: for Prometheus on loopback, and the same figures for the retained health message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server

from edge_agent import __version__
from edge_agent.announcement import Outcome, Priority
from edge_agent.heartbeat import Heartbeat
from edge_agent.parse import Refusal
from edge_agent.phrases import CacheStats
from edge_agent.policy import PolicyName
from edge_agent.service.board import Board
from edge_agent.service.elsewhere import PREFIX, Elsewhere
from edge_agent.service.stages import STAGES

# From a cache hit (tens of milliseconds) to an announcement that waited its whole life.
_BUCKETS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """Everything that is counted, in one registry of its own. Thread-safe."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._started = time.monotonic()
        self._engine_facts: dict[str, str] = {}
        made = {"namespace": PREFIX, "registry": self.registry}
        self._announcements = Counter("announcements", "Announcements by how they ended", ("outcome", "priority"), **made)
        self._stages = Histogram("stage_seconds", "From arrival to each stage", ("stage",), buckets=_BUCKETS_S, **made)
        self._audio = Counter("audio_seconds", "Sound played", **made)
        self._underruns = Counter("underruns", "Silences where sound should have been", ("cause",), **made)
        self._device_losses = Counter("device_losses", "Times the audio device went away", **made)
        self._reconnects = Counter("reconnects", "Times an ingress got its peer back", ("ingress",), **made)
        self._refused_connections = Counter("refused_connections", "ZeroMQ connections that were not let in", ("cause",), **made)
        self._refused_requests = Counter("refused_requests", "Requests and commands that were refused", ("reason",), **made)
        self._fallbacks = Counter("engine_fallbacks", "Times a slower provider had to take over", **made)
        self._degraded = Gauge("degraded", "1 while something does not do all it should", **made)
        self._engine = Info("engine", "What speaks", **made)
        self._gpu_budget = Gauge("gpu_memory_budget_bytes", "What the voice may take of the GPU's memory; 0 on the processor", **made)
        Info("build", "This program", **made).info({"version": __version__})
        # Every combination exists from the start: a counter that appears only with its first event hides that event.
        for outcome in Outcome:
            for priority in Priority:
                self._announcements.labels(outcome.value, priority.name.lower())
        for stage in STAGES:
            self._stages.labels(stage)
        for cause in ("synthesis", "device"):
            self._underruns.labels(cause)
        for cause in ("key", "protocol", "incomplete"):
            self._refused_connections.labels(cause)
        for reason in (*Refusal, *PolicyName):
            self._refused_requests.labels(reason.value)

    def watch(
        self,
        *,
        queue_length: Callable[[], int],
        cache: Callable[[], CacheStats | None] = lambda: None,
        hearts: Sequence[Heartbeat] = (),
        board: Callable[[], Board] | None = None,
    ) -> None:
        """Also report what other parts know; they are asked at each scrape, from its thread."""
        self.registry.register(Elsewhere(queue_length, cache, hearts, board))

    def finished(self, outcome: Outcome, priority: Priority | None, stages: Mapping[str, float] | None = None) -> None:
        """An announcement ended; ``stages`` as from :meth:`Stages.seconds`. No priority: rejected before it was read."""
        self._announcements.labels(outcome.value, (Priority.NORMAL if priority is None else priority).name.lower()).inc()
        for stage, seconds in (stages or {}).items():
            if stage in STAGES:
                self._stages.labels(stage).observe(seconds)

    def played(self, audio_s: float) -> None:
        self._audio.inc(audio_s)

    def underrun(self, cause: str) -> None:
        """``cause`` is ``synthesis`` or ``device``."""
        self._underruns.labels(cause).inc()

    def device_lost(self) -> None:
        self._device_losses.inc()

    def reconnected(self, ingress: str) -> None:
        self._reconnects.labels(ingress).inc()

    def connection_refused(self, cause: str) -> None:
        """A connection was not let in, for one of the causes in :data:`edge_agent.ingress.zmq_doors.HANDSHAKE_FAILURES`."""
        self._refused_connections.labels(cause).inc()

    def request_refused(self, reason: str) -> None:
        """A request or a command was answered with a refusal; ``reason`` is a :class:`Refusal` or a :class:`PolicyName`."""
        self._refused_requests.labels(reason).inc()

    def engine(self, *, voice: str, provider: str, fallback: bool = False, gpu_memory_bytes: int = 0) -> None:
        """A voice was loaded, on a provider; ``fallback`` if a faster one had failed. ``gpu_memory_bytes`` is what it may take."""
        self._engine_facts = {"voice": voice, "provider": provider}
        self._engine.info(self._engine_facts)
        self._gpu_budget.set(gpu_memory_bytes)
        if fallback:
            self._fallbacks.inc()

    def degraded(self, is_degraded: bool) -> None:
        self._degraded.set(is_degraded)

    def figures(self) -> dict[str, Any]:
        """The same for the health message: uptime, version, engine, and one entry a sample without its prefix.

        Labels are joined to the name (``announcements_total.played.normal``); what is zero is left out, buckets too.
        """
        samples = {
            _flat_name(sample.name, sample.labels): _round(sample.value)
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.value and not sample.name.endswith(("_created", "_bucket", "_info"))
        }
        uptime_s = round(time.monotonic() - self._started, 1)
        return {"version": __version__, "uptime_s": uptime_s, "engine": dict(self._engine_facts), **samples}


class MetricsServer:
    """Serves a registry on ``http://address:port/metrics`` in a thread of its own, from :meth:`start` to :meth:`stop`."""

    def __init__(self, registry: CollectorRegistry, *, address: str, port: int) -> None:
        self._registry = registry
        self._address = address
        self._port = port
        self._serving: tuple[WSGIServer, Thread] | None = None

    @property
    def port(self) -> int:
        """The port in use; differs from the one asked for if that was 0."""
        return self._serving[0].server_port if self._serving else self._port

    def start(self) -> None:
        """Begin to serve.

        Raises:
            OSError: the port is taken; announcements need no metrics, so this is no reason to stop.
        """
        self._serving = start_http_server(self._port, addr=self._address, registry=self._registry)

    def stop(self) -> None:
        if self._serving is None:
            return
        server, thread = self._serving
        server.shutdown()
        server.server_close()
        thread.join()
        self._serving = None


def _flat_name(name: str, labels: Mapping[str, str]) -> str:
    return ".".join((name.removeprefix(f"{PREFIX}_"), *labels.values()))


def _round(value: float) -> float:
    return int(value) if value == int(value) else round(value, 3)
