"""What others depend on, written down: topics, events, fields, metrics, commands, options, exit codes, keys.

A test here fails when one of them changes. That is a decision to be made on purpose: something out there may use it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import click
from prometheus_client import generate_latest

from edge_agent import wire
from edge_agent.announcement import OnInterrupt, Outcome, Priority
from edge_agent.cli import app
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.config import SECTIONS
from edge_agent.events import KINDS, TERMINAL, Event
from edge_agent.heartbeat import Heartbeat
from edge_agent.ingress import COMMANDS
from edge_agent.ingress.commands import MAX_PREWARM_TEXTS, MAX_STATUS_IDS
from edge_agent.ingress.topics import Topics
from edge_agent.parse import FIELD_NAMES, MAX_PAYLOAD_BYTES
from edge_agent.phrases import CacheStats
from edge_agent.service.board import Board
from edge_agent.service.doctor import CHECKS, Verdict
from edge_agent.service.metrics import Metrics
from edge_agent.service.stages import STAGES, Stages

BOARD = Board({"gpu": 51.0}, ("gpu is held back by heat",), 2, 8_000_000_000, 4_000_000_000)


def test_topics() -> None:
    topics = Topics("store", "kiosk", groups=["a"], shared_groups=["b"], hermes=True)
    assert sorted(topics.filters) == [
        "$share/b/voice/store/group/b/say",
        "hermes/tts/say",
        "voice/store/all/cmd",
        "voice/store/all/say",
        "voice/store/group/a/cmd",
        "voice/store/group/a/say",
        "voice/store/kiosk/cmd",
        "voice/store/kiosk/say",
    ]
    assert topics.event == "voice/store/kiosk/event"
    assert topics.status == "voice/store/kiosk/status"
    assert topics.health == "voice/store/kiosk/health"


def test_announcement_fields() -> None:
    assert sorted(FIELD_NAMES) == sorted(
        "text id lang voice priority ttl_s key on_interrupt chime repeat gap_s volume speed not_before reply_to".split()
    )
    assert MAX_PAYLOAD_BYTES == 16 * 1024
    assert [priority.name.lower() for priority in sorted(Priority)] == ["progress", "info", "normal", "important", "emergency"]
    assert {each.value for each in OnInterrupt} == {"resume", "restart", "drop"}


def test_commands() -> None:
    assert set(COMMANDS) == {"stop", "cancel", "clear", "volume", "prewarm", "voice", "delete_voice", "ping"}


def test_zeromq() -> None:
    assert wire.VERSION == b"1"
    assert wire.VERBS == ("say", "cancel", "stop", "preload", "status", "ping")
    assert (wire.SAY_SOCKET, wire.EVENTS_SOCKET, wire.TCP_PORT, wire.GREETING) == ("say.sock", "events.sock", 5570, b"?")
    # The client's package repeats what it cannot import from the daemon's.
    assert (wire.MAX_REQUEST_BYTES, wire.MAX_PRELOAD_TEXTS, wire.MAX_STATUS_IDS) == (MAX_PAYLOAD_BYTES, MAX_PREWARM_TEXTS, MAX_STATUS_IDS)


def test_events() -> None:
    assert {"played", "failed", "expired", "superseded", "cancelled", "dropped", "rejected"} == TERMINAL
    assert {"accepted", "started", "interrupted", "duplicate", "provisioned", "voice"} | TERMINAL == KINDS
    assert {outcome.value for outcome in Outcome} == TERMINAL
    assert Event("played", "a", 1.5, "mqtt", event_id="e", detail={"audio_s": 2}).to_json() == (
        b'{"event":"played","id":"a","at":1.5,"event_id":"e","audio_s":2}'
    )


def test_stages() -> None:
    assert STAGES == ("journaled", "normalised", "first_pcm", "first_frame", "drained")
    assert set(Stages().seconds()) == {"received"}


def test_metrics() -> None:
    metrics = Metrics()
    metrics.engine(voice="v", provider="p")
    metrics.reconnected("mqtt")
    stats = CacheStats(**{field.name: None if field.name == "degraded" else 0 for field in dataclasses.fields(CacheStats)})
    metrics.watch(queue_length=lambda: 0, cache=lambda: stats, hearts=[Heartbeat("audio", 1)], board=lambda: BOARD)
    help_lines = (line for line in generate_latest(metrics.registry).decode().splitlines() if line.startswith("# TYPE"))
    types = dict(line.split()[2:4] for line in help_lines if not line.split()[2].endswith("_created"))
    assert types == {
        "edge_agent_announcements_total": "counter",
        "edge_agent_audio_seconds_total": "counter",
        "edge_agent_build_info": "gauge",
        "edge_agent_cache_budget_bytes": "gauge",
        "edge_agent_cache_bytes": "gauge",
        "edge_agent_cache_entries": "gauge",
        "edge_agent_cache_evicted_total": "counter",
        "edge_agent_cache_healed_total": "counter",
        "edge_agent_cache_hits_total": "counter",
        "edge_agent_cache_misses_total": "counter",
        "edge_agent_cache_pinned": "gauge",
        "edge_agent_cache_refused_total": "counter",
        "edge_agent_cache_saved_seconds_total": "counter",
        "edge_agent_cache_served_seconds_total": "counter",
        "edge_agent_cache_spent_seconds_total": "counter",
        "edge_agent_degraded": "gauge",
        "edge_agent_device_losses_total": "counter",
        "edge_agent_engine_fallbacks_total": "counter",
        "edge_agent_engine_info": "gauge",
        "edge_agent_gpu_memory_budget_bytes": "gauge",
        "edge_agent_heartbeat_age_seconds": "gauge",
        "edge_agent_memory_available_bytes": "gauge",
        "edge_agent_memory_total_bytes": "gauge",
        "edge_agent_over_currents_total": "counter",
        "edge_agent_queue_length": "gauge",
        "edge_agent_reconnects_total": "counter",
        "edge_agent_refused_connections_total": "counter",
        "edge_agent_refused_requests_total": "counter",
        "edge_agent_stage_seconds": "histogram",
        "edge_agent_temperature_celsius": "gauge",
        "edge_agent_throttled": "gauge",
        "edge_agent_underruns_total": "counter",
    }
    labels = {sample.name: set(sample.labels) for metric in metrics.registry.collect() for sample in metric.samples if sample.labels}
    assert {name: found for name, found in labels.items() if not name.endswith(("_created", "_bucket", "_sum", "_count"))} == {
        "edge_agent_announcements_total": {"outcome", "priority"},
        "edge_agent_build_info": {"version"},
        "edge_agent_engine_info": {"voice", "provider"},
        "edge_agent_heartbeat_age_seconds": {"thread"},
        "edge_agent_reconnects_total": {"ingress"},
        "edge_agent_refused_connections_total": {"cause"},
        "edge_agent_refused_requests_total": {"reason"},
        "edge_agent_temperature_celsius": {"zone"},
        "edge_agent_underruns_total": {"cause"},
    }


def test_command_line() -> None:
    assert dict(_options(app, "")) == {
        "": "--config --version",
        "run": "",
        "say": (
            "TEXT --answer-timeout-s --batch --chime --id --json --key --lang --no-wait --on-interrupt --out --out-dir"
            " --priority --repeat --speed --ttl --voice --volume --wait"
        ),
        "listen": "--count --id --json",
        "status": "--json",
        "cache": "",
        "cache clear": "--pinned --voice --yes",
        "cache list": "--json --limit --order --text",
        "cache pin": "PHRASES",
        "cache prewarm": "TEXTS --file --lang --no-pin --pin --timeout-s --voice",
        "cache stats": "--json",
        "cache unpin": "PHRASES",
        "voice": "",
        "voice activate": "VOICE --seq",
        "voice announce": (
            "PACK --choose --chunk-kib --days --no-choose --password-file --percent --seq --station --to --url --voice"
        ),
        "voice audit": "--json",
        "voice build": (
            "FOLDER --chime --consent --engine-min --expires --licence --out --password-file --phrases --rollout --seq --synthetic"
            " --templates --valid-from --version"
        ),
        "voice delete": "VOICE --yes",
        "voice export-stick": "PACKS --out",
        "voice inspect": "PACK --identity --json --manifest",
        "voice install": "PACK --choose --no-choose",
        "voice list": "--json",
        "voice order-delete": "VOICE --days --device --key --password-file --timeout-s --to --up-to",
        "voice rollback": "VOICE",
        "voice seal": "PACK --key --out --password-file --to",
        "voice sign": "PACK --author-key --key --manifest-signature --out --password-file",
        "voice verify": "PACK --identity --json --key --outside",
        "config": "",
        "config check": "--json",
        "config init": "--force --output",
        "config show": "--json",
        "keys": "",
        "keys init": "",
        "keys revoke": "NAME_OR_KEY --reason",
        "keys show": "--json",
        "keys trust": "NAME KEY --role --voice",
        "keys zmq": "",
        "keys zmq allow": "NAME PUBLIC_KEY",
        "keys zmq client": "NAME --allow --no-allow --out",
        "keys zmq list": "--json",
        "keys zmq revoke": "NAME",
        "keys zmq server": "--force",
        "usb-import": "DEVICE_OR_FOLDER --json --mounted --result",
        "install": "--device --force --prefix --program --speaker --systemd --unit-dir",
        "uninstall": "--prefix",
        "maintain": "--json",
        "doctor": "CHECKS --device --json --root",
        "bench": "--json --report --runs --voice",
    }


def test_exit_codes() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "REJECTED": 3,
        "EXPIRED": 4,
        "SUPERSEDED": 5,
        "CANCELLED": 6,
        "DROPPED": 7,
        "NOT_PLAYED": 8,
        "NO_ANSWER": 9,
        "UNREACHABLE": 10,
        "DEGRADED": 11,
        "OFFLINE": 12,
        "CONFIG": 78,
        "INTERRUPTED": 130,
    }


def test_doctor() -> None:
    assert list(CHECKS) == ["python", "packages", "inference", "audio", "broker", "socket", "disk", "clock", "voice", "cache"]
    assert {verdict.value for verdict in Verdict} == {"ok", "warn", "fail"}


def test_configuration_keys() -> None:
    assert {name: " ".join(model.model_fields) for name, model in SECTIONS.items()} == {
        "mqtt": (
            "enabled site device groups shared_groups host port protocol client_id username password password_file tls tls_ca"
            " tls_cert tls_key keepalive_s session_expiry_s will_delay_s receive_maximum max_backoff_s reply_prefixes hermes"
            " hermes_site_id"
        ),
        "zmq": "enabled socket_dir socket_mode group tcp_host tcp_port",
        "announcement": "lang priority ttl_s on_interrupt chime speed volume max_waiting templates",
        "audio": "device sample_rate_hz buffer_ms loudness_lufs lead_in_ms idle_close_s volume",
        "ducking": "backend level ramp_ms hold_ms pulse_server alsa_card alsa_control",
        "voice": "id provider threads gpu_memory_mib fleet quota_mib",
        "usb": "languages",
        "cache": "enabled budget_mib floor_mib prewarm_file",
        "policy": (
            "blocked_words name_blocked_word rate_per_minute rate_burst daily_quota limit_emergencies quiet_hours quiet_behaviour"
            " time_zone"
        ),
        "journal": "retention_days reserve_mib",
        "metrics": "enabled address port health_interval_s",
        "log": "level",
        "paths": "state_dir cache_dir",
    }


def _options(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    arguments = [str(each.name).upper() for each in command.params if isinstance(each, click.Argument)]
    options = [name for each in command.params if isinstance(each, click.Option) for name in each.opts + each.secondary_opts]
    yield path, " ".join((*arguments, *sorted(name for name in options if name.startswith("--"))))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _options(child, f"{path} {name}".strip())
