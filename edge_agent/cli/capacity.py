"""The capacity sheet: what speech costs on the device at hand, on every provider it has, as Markdown or JSON."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent import __version__
from edge_agent.cli.output import progress
from edge_agent.cli.ownership import leave_to_owner_of
from edge_agent.service.board import Board
from edge_agent.synthesis.providers import Chooser, Trial, fingerprint
from edge_agent.voices.store import voice_files

if TYPE_CHECKING:
    from edge_agent.cli.offline import OfflineSpeaker
    from edge_agent.config import Config
    from edge_agent.voices import VoiceInfo

LENGTHS = {
    "short": "请到五号窗口。",
    "usual": "请三十七号顾客到五号窗口办理业务，谢谢您的配合。",
    "long": (
        "各位旅客请注意，开往上海虹桥的列车即将进站，请站在安全线以内。"
        "Ladies and gentlemen, the train to Shanghai Hongqiao is arriving; please stand behind the yellow line."
    ),
}


def measure(config: Config, speaker: OfflineSpeaker, voice: VoiceInfo, runs: int) -> dict[str, Any]:
    """Speak texts of three lengths, and try every provider there is.

    Trying may take minutes where TensorRT builds its engines; what it built and what was found out is kept for the daemon.
    """
    before = Board.look()
    costs = {name: cost(speaker, voice, text, runs) for name, text in progress(LENGTHS.items(), "speak", unit="text")}
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    chooser = Chooser(config.paths.engines, config.voice.provider, config.voice.threads, config.voice.gpu_memory_bytes)
    with voice_files(config)(voice) as folder:
        choice = chooser.choose(folder, voice.digest)
        trials = choice.trials or (chooser.trial(folder, voice.digest, choice.candidate),)
    leave_to_owner_of(config.paths.cache_dir, config.paths.engines)
    after = Board.look()
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "edge_agent": __version__,
        "device": {
            **fingerprint(), "processor": _processor(), "memory_mb": _mb(before.memory_total), "threads": config.voice.threads,
            "gpu_memory_mib": config.voice.gpu_memory_mib,
        },
        "voice": {"id": voice.id, "digest": voice.digest[:16], "engine": voice.engine},
        "runs": runs,
        "speech": costs,
        "peak_memory_mb": round(memory_mb, 1),
        "providers": [trial.to_json() for trial in trials],
        "chosen": {"provider": choice.provider, "variant": choice.candidate.variant, "degraded": choice.degraded},
        "board": {
            "temperatures_c": {"before": before.temperatures_c, "after": after.temperatures_c},
            "throttled": list(after.throttled),
            "memory_available_mb": {"before": _mb(before.memory_available), "after": _mb(after.memory_available)},
        },
    }


def cost(speaker: OfflineSpeaker, voice: VoiceInfo, text: str, runs: int) -> dict[str, float]:
    """Medians over ``runs`` after one that warms up: of the time to the first sound, and of wall and processor time a second of it."""
    takes = [_take(lambda: speaker.render(text, "auto", voice), voice.sample_rate) for _ in range(runs + 1)][1:]
    audio_s = takes[0][0]
    first_s, wall_s, cpu_s = (sorted(column)[len(takes) // 2] for column in list(zip(*takes, strict=True))[1:])
    return {
        "audio_s": round(audio_s, 3),
        "first_sound_ms": round(1e3 * first_s, 1),
        "wall_s_per_audio_s": round(wall_s / audio_s, 4),
        "cpu_s_per_audio_s": round(cpu_s / audio_s, 4),
    }


def markdown(sheet: dict[str, Any]) -> str:
    """The sheet for people."""
    device, chosen = sheet["device"], sheet["chosen"]
    lines = [
        f"# Capacity of {device['gpu'] if device['gpu'] != 'none' else device['processor']}",
        "",
        f"Measured {sheet['made']} by `edge-agent bench --report` {sheet['edge_agent']}, medians of {sheet['runs']} runs.",
        "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in device.items()),
        f"- voice: {sheet['voice']['id']} ({sheet['voice']['engine']}, {sheet['voice']['digest']})",
        f"- peak memory of this process: {sheet['peak_memory_mb']} MB",
        "",
        "| text | sound | first sound | wall s per s of sound | CPU s per s of sound |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {each['audio_s']:.2f} s | {each['first_sound_ms']:.1f} ms | {each['wall_s_per_audio_s']:.4f} "
            f"| {each['cpu_s_per_audio_s']:.4f} |"
            for name, each in sheet["speech"].items()
        ),
        "",
        "| provider | right | first sound | s per s of sound | loading | memory |",
        "|---|---|---|---|---|---|",
        *(_row(Trial.from_json(each)) for each in sheet["providers"]),
        "",
        f"Chosen: {chosen['provider']}{' (' + chosen['variant'] + ')' if chosen['variant'] else ''}"
        + (f", degraded: {chosen['degraded']}" if chosen["degraded"] else ""),
    ]
    board = sheet["board"]
    for zone, degrees in board["temperatures_c"]["after"].items():
        lines.append(f"- {zone}: {degrees:.1f} degrees Celsius after, {board['temperatures_c']['before'].get(zone, degrees):.1f} before")
    lines += [f"- {why}" for why in board["throttled"]]
    return "\n".join(lines)


def _row(trial: Trial) -> str:
    if not trial.right:
        return f"| {trial.candidate} | no: {trial.why} | - | - | - | - |"
    return (
        f"| {trial.candidate} | yes | {1e3 * trial.first_s:.1f} ms | {trial.rtf:.4f} | {trial.load_s:.1f} s | {trial.memory_mb:.0f} MB |"
    )


def _take(speak: Callable[[], Iterable[Any]], sample_rate: int) -> tuple[float, float, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    first_s, n_samples = 0.0, 0
    for chunk in speak():
        if len(chunk) and not first_s:
            first_s = time.perf_counter() - wall
        n_samples += len(chunk)
    return n_samples / sample_rate, first_s, time.perf_counter() - wall, time.process_time() - cpu


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "CPU part"))]
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} x {names[0] if names else 'unknown'}"


def _mb(n_bytes: int | None) -> float | None:
    return None if n_bytes is None else round(n_bytes / 1e6)

