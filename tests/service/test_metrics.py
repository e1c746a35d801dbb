from __future__ import annotations

import json
import socket
import urllib.request

import pytest
from prometheus_client import generate_latest

from edge_agent.announcement import Outcome, Priority
from edge_agent.heartbeat import Heartbeat
from edge_agent.phrases import CacheStats, IndexUnavailable
from edge_agent.service.board import Board
from edge_agent.service.metrics import Metrics, MetricsServer

CACHE = CacheStats(
    entries=2, n_bytes=4096, budget_bytes=8192, pinned=1, pinned_bytes=10, hits=7, misses=3, evicted=1, healed=0, refused=0,
    audio_s_served=12.5, synthesis_s_saved=2.5, synthesis_s_spent=1.0, since=0.0, degraded=None,
)  # fmt: skip


def exposition(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_announcements_are_counted_by_outcome_and_priority() -> None:
    metrics = Metrics()
    metrics.finished(Outcome.PLAYED, Priority.IMPORTANT, {"received": 0.0, "journaled": 0.004, "first_pcm": 0.12})
    metrics.finished(Outcome.REJECTED, None)
    metrics.request_refused("too_large")
    found = exposition(metrics)
    assert found['edge_agent_refused_requests_total{reason="too_large"}'] == 1
    assert found['edge_agent_refused_requests_total{reason="rate_limit"}'] == 0
    assert found['edge_agent_announcements_total{outcome="played",priority="important"}'] == 1
    assert found['edge_agent_announcements_total{outcome="rejected",priority="normal"}'] == 1
    assert found['edge_agent_announcements_total{outcome="expired",priority="info"}'] == 0, "there before the first"
    assert found['edge_agent_stage_seconds_bucket{le="0.1",stage="first_pcm"}'] == 0
    assert found['edge_agent_stage_seconds_bucket{le="0.15",stage="first_pcm"}'] == 1
    assert found['edge_agent_stage_seconds_count{stage="drained"}'] == 0


def test_what_others_know_is_asked_when_it_is_wanted() -> None:
    metrics = Metrics()
    waiting = [5]
    heart = Heartbeat("audio", 1.0, monotonic=lambda: 3.0)
    metrics.watch(queue_length=lambda: waiting[0], cache=lambda: CACHE, hearts=[heart])
    found = exposition(metrics)
    assert found["edge_agent_queue_length"] == 5
    assert found["edge_agent_cache_hits_total"] == 7
    assert found["edge_agent_cache_bytes"] == 4096
    assert found['edge_agent_heartbeat_age_seconds{thread="audio"}'] == 0
    waiting[0] = 6
    assert exposition(metrics)["edge_agent_queue_length"] == 6


def test_a_cache_that_cannot_answer_takes_no_other_figure_with_it() -> None:
    def locked() -> CacheStats:
        raise IndexUnavailable("locked")

    metrics = Metrics()
    metrics.watch(queue_length=lambda: 1, cache=locked)
    found = exposition(metrics)
    assert found["edge_agent_queue_length"] == 1
    assert not any("cache" in name for name in found)


def test_the_health_message_has_the_same_figures() -> None:
    metrics = Metrics()
    metrics.watch(queue_length=lambda: 2, cache=lambda: CACHE)
    metrics.finished(Outcome.PLAYED, Priority.NORMAL, {"first_pcm": 0.25})
    metrics.played(3.25)
    metrics.underrun("device")
    metrics.device_lost()
    metrics.reconnected("mqtt")
    metrics.engine(voice="default", provider="CPUExecutionProvider", fallback=True)
    metrics.degraded(True)
    figures = json.loads(json.dumps(metrics.figures()))
    assert figures.pop("uptime_s") >= 0
    assert figures.pop("version")
    assert figures == {
        "engine": {"voice": "default", "provider": "CPUExecutionProvider"},
        "announcements_total.played.normal": 1,
        "stage_seconds_count.first_pcm": 1,
        "stage_seconds_sum.first_pcm": 0.25,
        "audio_seconds_total": 3.25,
        "underruns_total.device": 1,
        "device_losses_total": 1,
        "reconnects_total.mqtt": 1,
        "engine_fallbacks_total": 1,
        "degraded": 1,
        "queue_length": 2,
        "cache_hits_total": 7,
        "cache_misses_total": 3,
        "cache_evicted_total": 1,
        "cache_served_seconds_total": 12.5,
        "cache_saved_seconds_total": 2.5,
        "cache_spent_seconds_total": 1,
        "cache_entries": 2,
        "cache_bytes": 4096,
        "cache_budget_bytes": 8192,
        "cache_pinned": 1,
    }


def test_what_a_voice_may_take_of_the_gpus_memory_is_beside_what_there_is() -> None:
    metrics = Metrics()
    metrics.watch(queue_length=lambda: 0, board=lambda: Board({}, (), 0, 8 << 30, 3 << 30))
    metrics.engine(voice="default", provider="CUDAExecutionProvider", gpu_memory_bytes=512 << 20)
    figures = metrics.figures()
    assert (figures["gpu_memory_budget_bytes"], figures["memory_available_bytes"]) == (512 << 20, 3 << 30)
    metrics.engine(voice="default", provider="CPUExecutionProvider", fallback=True)
    assert "gpu_memory_budget_bytes" not in metrics.figures()


def test_the_health_message_stays_small() -> None:
    metrics = Metrics()
    for outcome in Outcome:
        for priority in Priority:
            metrics.finished(outcome, priority, {"journaled": 1, "normalised": 1, "first_pcm": 1, "first_frame": 1, "drained": 1})
    assert len(json.dumps(metrics.figures())) < 4096


def test_two_of_them_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.device_lost()
    assert exposition(first)["edge_agent_device_losses_total"] == 1
    assert exposition(second)["edge_agent_device_losses_total"] == 0


def test_is_served_until_stopped() -> None:
    metrics = Metrics()
    metrics.device_lost()
    server = MetricsServer(metrics.registry, address="127.0.0.1", port=0)
    server.start()
    url = f"http://127.0.0.1:{server.port}/metrics"
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert b"edge_agent_device_losses_total 1.0" in answer.read()
    server.stop()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            MetricsServer(Metrics().registry, address="127.0.0.1", port=taken.getsockname()[1]).start()
