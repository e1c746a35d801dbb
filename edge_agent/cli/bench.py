"""``edge-agent bench``: how fast this device speaks, in a minute."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from edge_agent import __version__
from edge_agent.cli.app import Session
from edge_agent.cli.output import print_json, print_table, progress

if TYPE_CHECKING:
    from edge_agent.cli.offline import OfflineSpeaker
    from edge_agent.voices import VoiceInfo

SENTENCES = {
    "zh": "请三十七号顾客到五号窗口办理业务谢谢您的配合",
    "en": "The train to the airport leaves from platform nine in five minutes.",
    "mixed": "请注意，开往北京南站的G108次列车，即将在platform 5检票。",
}
_LOOKUPS = 200


@click.command("bench")
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, metavar="N", help="How often to speak each sentence.")
@click.option("--voice", metavar="ID", help="The voice. [default: the active one]")
@click.option("--report", is_flag=True, help="Print a capacity sheet of this device instead, in Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(session: Session, runs: int, voice: str | None, report: bool, as_json: bool) -> None:
    """Measure synthesis (time to the first sound, real-time factor) and look-ups in the phrase cache.

    The capacity sheet also tries every provider (CUDA, TensorRT) that ONNX Runtime has here, which can take minutes once.
    """
    from edge_agent.cli import capacity
    from edge_agent.cli.offline import OfflineSpeaker

    with contextlib.closing(OfflineSpeaker(session.config)) as speaker:
        spoken_by = speaker.voice(voice)
        if report:
            sheet = capacity.measure(session.config, speaker, spoken_by, runs)
            if as_json:
                print_json(sheet)
            else:
                click.echo(capacity.markdown(sheet))
            return
        speech = {name: _speak(speaker, spoken_by, text, name, runs) for name, text in SENTENCES.items()}
    cache = _look_up(spoken_by.sample_rate)
    if as_json:
        print_json({"machine": _machine(), "voice": spoken_by.id, "runs": runs, "speech": speech, "cache_hit": cache})
        return
    rows = [
        (name, f"{each['audio_s']:.2f} s", _ms(each["first_pcm_s"]), _ms(each["total_s"]), f"{each['rtf']['p50']:.3f}")
        for name, each in speech.items()
    ]
    click.echo(", ".join(f"{key} {value}" for key, value in _machine().items()))
    click.echo()
    print_table(("sentence", "audio", "first sound, median (p95)", "whole, median (p95)", "real-time factor"), rows)
    click.echo()
    print_table(("cached phrase", "look-up and decoding, median (p95)"), [(f"{cache['audio_s']:.1f} s", _ms(cache["hit_s"]))])


def _speak(speaker: OfflineSpeaker, voice: VoiceInfo, text: str, name: str, runs: int) -> dict[str, Any]:
    lang = "auto" if name == "mixed" else name
    first_s, total_s, rtf = [], [], []
    n_frames = 0
    for run in progress(range(runs + 1), f"speak {name}", unit="run"):
        start = time.perf_counter()
        n_frames, first = 0, None
        for chunk in speaker.render(text, lang, voice):
            if first is None and len(chunk):
                first = time.perf_counter() - start
            n_frames += len(chunk)
        total = time.perf_counter() - start
        # The first run also loads and warms up.
        if run > 0:
            first_s.append(first or total)
            total_s.append(total)
            rtf.append(total * voice.sample_rate / n_frames)
    audio_s = n_frames / voice.sample_rate
    return {"audio_s": audio_s, "first_pcm_s": summary(first_s), "total_s": summary(total_s), "rtf": summary(rtf)}


def _look_up(sample_rate: int, audio_s: float = 5.0) -> dict[str, Any]:
    from edge_agent.phrases import PhraseCache

    # Noise under a slow envelope: as hard to compress as speech, unlike a tone.
    rng = np.random.default_rng(0)
    n_frames = round(audio_s * sample_rate)
    envelope = np.abs(np.sin(np.linspace(0, 20 * np.pi, n_frames)))
    pcm = (0.1 * envelope * rng.standard_normal(n_frames)).clip(-1, 1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        cache = PhraseCache(Path(folder), floor_bytes=0)
        key = "0" * 64
        cache.put(key, pcm, text="bench", lang="en", voice_id="bench", sample_rate=sample_rate)
        times_s = [_timed(lambda: cache.get(key)) for _ in progress(range(_LOOKUPS), "look up", unit="phrase")]
        cache.close()
    return {"audio_s": audio_s, "hit_s": summary(times_s)}


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile; of few values the latter is the largest."""
    return {"p50": statistics.median(values), "p95": sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]}


def _ms(values: dict[str, float]) -> str:
    return f"{values['p50'] * 1e3:.1f} ms ({values['p95'] * 1e3:.1f} ms)"


def _machine() -> dict[str, Any]:
    import onnxruntime

    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "edge_agent": __version__,
    }
