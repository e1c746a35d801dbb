"""Figures that live elsewhere, read when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_agent.heartbeat import Heartbeat
from edge_agent.phrases import CacheError, CacheStats
from edge_agent.service.board import Board

PREFIX = "edge_agent"
"""Begins the name of every figure."""


class Elsewhere(Collector):
    """Asks queue, cache, threads and board; see :meth:`edge_agent.service.metrics.Metrics.watch`."""

    def __init__(
        self,
        queue_length: Callable[[], int],
        cache: Callable[[], CacheStats | None],
        hearts: Sequence[Heartbeat],
        board: Callable[[], Board] | None,
    ) -> None:
        self._queue_length = queue_length
        self._cache = cache
        self._hearts = hearts
        self._board = board

    def describe(self) -> list[Metric]:
        # Without this, registering would already ask parts that may not have started.
        return []

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(f"{PREFIX}_queue_length", "Announcements that wait", value=self._queue_length())
        ages = GaugeMetricFamily(f"{PREFIX}_heartbeat_age_seconds", "Since a thread's last sign of life", labels=["thread"])
        for heart in self._hearts:
            ages.add_metric([heart.name], heart.age_s())
        yield ages
        try:
            stats = self._cache()
        except CacheError:
            # The cache says so itself, in the status; the other figures are wanted all the more.
            stats = None
        if stats is not None:
            yield from _cache_metrics(stats)
        if self._board is not None:
            yield from _board_metrics(self._board())


def _board_metrics(board: Board) -> Iterator[Metric]:
    zones = GaugeMetricFamily(f"{PREFIX}_temperature_celsius", "How hot the board is", labels=["zone"])
    for zone, degrees in board.temperatures_c.items():
        zones.add_metric([zone], degrees)
    yield zones
    yield GaugeMetricFamily(f"{PREFIX}_throttled", "1 while heat holds the board back", value=bool(board.throttled))
    yield CounterMetricFamily(f"{PREFIX}_over_currents", "Times the supply had to be spared", value=board.over_currents)
    for name, text, n_bytes in (
        ("memory_available_bytes", "Memory for processor and GPU that is to be had", board.memory_available),
        ("memory_total_bytes", "Memory for processor and GPU", board.memory_total),
    ):
        if n_bytes is not None:
            yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=n_bytes)


def _cache_metrics(stats: CacheStats) -> Iterator[Metric]:
    for name, text, value in (
        ("hits", "Look-ups answered", stats.hits),
        ("misses", "Look-ups not answered", stats.misses),
        ("evicted", "Recordings given up for room", stats.evicted),
        ("healed", "Recordings found damaged and dropped", stats.healed),
        ("refused", "Recordings not kept for want of room", stats.refused),
        ("served_seconds", "Sound served", stats.audio_s_served),
        ("saved_seconds", "Synthesis made unnecessary", stats.synthesis_s_saved),
        ("spent_seconds", "Synthesis done", stats.synthesis_s_spent),
    ):
        yield CounterMetricFamily(f"{PREFIX}_cache_{name}", text, value=value)
    for name, text, value in (
        ("entries", "Recordings kept", stats.entries),
        ("bytes", "Their size", stats.n_bytes),
        ("budget_bytes", "The most they may take", stats.budget_bytes),
        ("pinned", "Recordings that stay", stats.pinned),
    ):
        yield GaugeMetricFamily(f"{PREFIX}_cache_{name}", text, value=value)
