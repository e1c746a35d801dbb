"""How fast a voice folder speaks on one CPU thread, alone or beside its peers in the same run.

    python benchmarks/engine.py VOICE_DIR
    python benchmarks/engine.py VOICE_DIR --variant gpu --json
    python benchmarks/engine.py VOICE_DIR --piper-python OTHER_VENV/bin/python --piper en_US-joe-medium.onnx \
        --kokoro kokoro-v1.0.int8.onnx --styles voices.npz

Systems take turns, sentence by sentence, so that a machine busy with something else is busy for all of them; CPU seconds
are compared, which it hardly changes. Every system has one thread. Piper (GPL) runs in a child process of its own
interpreter; Kokoro reads the phonemes that the voice reads. A ratio is over the sentences both systems spoke.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime

from edge_agent.synthesis import Runtime
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import Speech, phonemes
from edge_agent.text.symbols import encode

CLAUSE = "请三十七号顾客到五号窗口办理业务谢谢您的配合"
"""Twenty-one syllables without a pause."""
SENTENCES = {
    "zh": (CLAUSE, "各位旅客请注意，开往上海虹桥的列车即将进站，请站在安全线以内。"),
    "mixed": ("请注意，飞往Singapore的旅客请到C口登机。",),
    "en": (
        "The train to the airport leaves from platform nine in five minutes.",
        "Please keep your belongings with you at all times, and report anything suspicious to our staff.",
    ),
}
PIPER_WORKER = Path(__file__).with_name("piper_worker.py")


@dataclass(frozen=True)
class Take:
    """One sentence spoken once; ``first_s`` is wall time until the first samples."""

    audio_s: float
    cpu_s: float
    wall_s: float
    first_s: float


class System(Protocol):
    name: str
    langs: tuple[str, ...]

    def speak(self, text: str) -> Take: ...


class Voice:
    """The device's engine on a voice folder."""

    langs = ("zh", "mixed", "en")

    def __init__(self, folder: Path, variant: str | None) -> None:
        self._engine = MobileSoVITSEngine(folder, Runtime("cpu", 1), variant)
        self.name = f"{self._engine.voice_id} ({variant or 'cpu'})"

    def speak(self, text: str) -> Take:
        segment = Speech(text, "mixed", phonemes(text))
        cpu, wall = time.process_time(), time.perf_counter()
        chunks = self._engine.synthesize(segment)
        n_samples = len(next(chunks))
        first = time.perf_counter() - wall
        n_samples += sum(map(len, chunks))
        return Take(n_samples / self._engine.sample_rate, time.process_time() - cpu, time.perf_counter() - wall, first)


class Kokoro:
    """The teacher's int8 export, as it is published."""

    name, langs = "Kokoro int8", ("zh", "mixed", "en")

    def __init__(self, model: Path, styles: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        with np.load(styles) as packs:
            self._style = packs["af_heart"]

    def speak(self, text: str) -> Take:
        ids = np.array([encode(phonemes(text))], np.int64)
        feeds = {"tokens": ids, "style": self._style[ids.shape[1] - 3][None], "speed": np.ones(1, np.float32)}
        cpu, wall = time.process_time(), time.perf_counter()
        audio = self._session.run(None, feeds)[0]
        took = time.perf_counter() - wall
        return Take(audio.size / 24_000, time.process_time() - cpu, took, took)


class Piper:
    """Piper in a child process: a line of JSON in, a line out."""

    name, langs = "Piper medium", ("en",)

    def __init__(self, python: Path, model: Path) -> None:
        self._child = subprocess.Popen(
            [str(python), str(PIPER_WORKER), str(model)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def speak(self, text: str) -> Take:
        self._child.stdin.write(json.dumps(text) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"Piper's process ended with status {self._child.wait()}")
        return Take(**json.loads(line))

    def close(self) -> None:
        self._child.stdin.close()
        self._child.wait()


def main() -> None:
    options = parse_arguments()
    systems: list[Any] = [Voice(options.voice, options.variant)]
    if options.piper:
        systems.append(Piper(options.piper_python, options.piper))
    if options.kokoro:
        systems.append(Kokoro(options.kokoro, options.styles))
    takes = measure(systems, options.rounds)
    for system in systems:
        if isinstance(system, Piper):
            system.close()
    result = {"machine": machine(), "rounds": options.rounds, "systems": [summary(each, systems[0], takes) for each in systems]}
    print(json.dumps(result, indent=1) if options.json else table(result))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", type=Path, metavar="VOICE_DIR")
    parser.add_argument("--variant", help="which graphs of the voice (default: cpu)")
    parser.add_argument("--rounds", type=int, default=5, help="times each sentence is spoken, after one to warm up (default: %(default)s)")
    parser.add_argument("--piper", type=Path, metavar="ONNX", help="a Piper voice, its .json beside it")
    parser.add_argument("--piper-python", type=Path, metavar="PYTHON", help="interpreter with piper-tts")
    parser.add_argument("--kokoro", type=Path, metavar="ONNX", help="Kokoro's int8 export")
    parser.add_argument("--styles", type=Path, metavar="NPZ", help="its styles, as python -m distill assemble writes them")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if bool(options.piper) != bool(options.piper_python):
        parser.error("--piper and --piper-python belong together")
    if bool(options.kokoro) != bool(options.styles):
        parser.error("--kokoro and --styles belong together")
    return options


def measure(systems: list[System], rounds: int) -> dict[tuple[str, str], list[Take]]:
    """Takes by system and sentence; the first round warms up and is not counted."""
    takes: dict[tuple[str, str], list[Take]] = {}
    for number in range(rounds + 1):
        for system, text in turns(systems):
            take = system.speak(text)
            if number:
                takes.setdefault((system.name, text), []).append(take)
    return takes


def turns(systems: list[System]) -> Iterator[tuple[System, str]]:
    for lang, sentences in SENTENCES.items():
        for text in sentences:
            yield from ((system, text) for system in systems if lang in system.langs)


def summary(system: System, ours: System, takes: dict[tuple[str, str], list[Take]]) -> dict[str, Any]:
    texts = [text for name, text in takes if name == system.name]
    clause = takes.get((system.name, CLAUSE))
    return {
        "name": system.name,
        "cpu_s_per_audio_s": cost(system, texts, takes),
        "wall_s_per_audio_s": cost(system, texts, takes, "wall_s"),
        "first_chunk_ms": {"median": 1000 * statistics.median(t.first_s for t in clause), "best": 1000 * min(t.first_s for t in clause)}
        if clause
        else None,
        "times_ours": cost(system, texts, takes) / cost(ours, texts, takes),
        "takes": [asdict(take) for text in texts for take in takes[system.name, text]],
    }


def cost(system: System, texts: list[str], takes: dict[tuple[str, str], list[Take]], field: str = "cpu_s") -> float:
    """Seconds per second of audio, the median of each sentence, pooled over sentences."""
    spent = sum(statistics.median(getattr(take, field) for take in takes[system.name, text]) for text in texts)
    return spent / sum(statistics.median(take.audio_s for take in takes[system.name, text]) for text in texts)


def machine() -> dict[str, Any]:
    flags = Path("/proc/cpuinfo").read_text("utf-8").split()
    features = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
    return {
        "processor": platform.machine(),
        "features": [name for name in features if name in flags],
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "onnxruntime": onnxruntime.__version__,
    }


def table(result: dict[str, Any]) -> str:
    lines = [", ".join(f"{name} {value}" for name, value in result["machine"].items()), ""]
    lines.append(f"{'one thread':24}{'CPU s / audio s':>18}{'wall s / audio s':>18}{'first chunk, ms (best)':>26}{'times ours':>12}")
    for each in result["systems"]:
        first = each["first_chunk_ms"]
        shown = f"{first['median']:.1f} ({first['best']:.1f})" if first else "-"
        lines.append(
            f"{each['name']:24}{each['cpu_s_per_audio_s']:18.4f}{each['wall_s_per_audio_s']:18.4f}{shown:>26}{each['times_ours']:12.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
