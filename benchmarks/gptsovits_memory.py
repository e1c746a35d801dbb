"""What a Chinese GPT-SoVITS voice of full size takes: on disk, and in memory while one process speaks with it.

    python benchmarks/gptsovits_memory.py
    python benchmarks/gptsovits_memory.py --keep DIR --json

The eight-bit graphs of gptsovits.py, a text model (BERT) of the real size, and a card make a voice, and the engine speaks a Chinese
sentence with it in a process of its own. The text model is loaded for the sentence and released before the first sound, which the numbers
show. Random weights know no end, so the engine lets the sentence run as far as it ever lets one run, and stops it, twice: this is the most
that a sentence of its length can take. Building takes two minutes and 4 GB; with --keep, the folder of gptsovits.py or another, the voice
is found again by the next run.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from gptsovits_random import HOP, N_PROMPT, N_REFERENCE, SAMPLE_RATE

from edge_agent.synthesis import Runtime, SynthesisError
from edge_agent.synthesis.golden import BANDS, PARTS, Golden
from edge_agent.synthesis.gptsovits import GPTSoVITSEngine
from edge_agent.synthesis.gptsovits.card import ENGINE, SCHEMA, VARIANT, symbols_sha256
from edge_agent.text import FRONT_END_VERSION, Speech, plan
from quantize.gptsovits.resident import resident_bytes

BARS_MB = {"on disk": 460, "peak resident": 900}
SENTENCE = "各位旅客请注意，开往上海虹桥的列车即将进站，请站在安全线以内。"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the voice is made, and found again by the next run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.add_argument("--speak", type=Path, metavar="VOICE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(options.build)
        return 0
    if options.speak:
        print(json.dumps(speak(options.speak)))
        return 0
    with tempfile.TemporaryDirectory() as place:
        root = options.keep or Path(place)
        folder = root / "chinese"
        if not (folder / "voice.json").is_file():
            child("--build", root)
        found = json.loads(child("--speak", folder))
        found["megabytes"]["on disk"] = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    found["bars"] = BARS_MB
    found["passed"] = all(found["megabytes"][name] < bar for name, bar in BARS_MB.items())
    print(json.dumps(found, indent=1, ensure_ascii=False) if options.json else page(found))
    return 0 if found["passed"] else 1


def build(root: Path) -> None:
    """Make the voice ``chinese`` in ``root``."""
    from gptsovits_ours import make_ours
    from gptsovits_random import text_model

    from quantize.gptsovits import bert_graph, linear
    from quantize.gptsovits.export import move_weights
    from quantize.weights import WeightFile

    if not (root / "int8" / "step.onnx").is_file():
        make_ours(str(root))
    folder = shutil.copytree(root / "int8", root / "chinese", dirs_exist_ok=True)
    text, weights = text_model(), WeightFile("bert.bin")
    graph = bert_graph.build(text, linear.int8)
    move_weights(graph, weights)
    (folder / "bert.onnx").write_bytes(graph.SerializeToString())
    (folder / weights.file).write_bytes(weights.to_bytes())
    (folder / "vocab.txt").write_bytes(text.vocabulary)
    random = np.random.default_rng(0)
    reference = random.standard_normal((N_REFERENCE, 512), np.float32)
    np.savez(folder / "prompt.npz", tokens=random.integers(0, 1024, N_PROMPT), reference=reference)
    (folder / "voice.json").write_text(json.dumps(card(folder)), "utf-8")


def card(folder: Path) -> dict[str, Any]:
    """Of the voice whose files are in ``folder``; its golden phrase is not used here."""
    files = [file for file in folder.iterdir() if file.name != "voice.json"]
    return {
        "schema": SCHEMA, "engine": ENGINE, "voice_id": "chance", "display_name": "Chance", "languages": ["zh", "en"],
        "version": "v2", "family": "v2", "shape": {"sample_rate": SAMPLE_RATE, "hop": HOP, "n_codes": 1024}, "loudness_lufs": -23.0,
        "front_end_version": FRONT_END_VERSION, "symbols_sha256": symbols_sha256("v2"), "sampling": {}, "seed": 0, "shared_weights": False,
        "graphs": {VARIANT: {file.stem: file.name for file in files if file.suffix == ".onnx"}},
        "sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "golden": Golden("a", SAMPLE_RATE, np.zeros((PARTS, BANDS))).to_json(), "golden_tokens": [0], "golden_likeliest": [0],
    }  # fmt: skip


def speak(folder: Path) -> dict[str, Any]:
    """What this process has in memory, in MB, while it speaks."""
    resident = {"before the voice": resident_bytes("VmRSS")}
    engine = GPTSoVITSEngine(folder, Runtime("cpu", 1))
    resident["voice loaded"] = resident_bytes("VmRSS")
    n_samples = 0
    for stretch in plan(SENTENCE).items:
        with contextlib.suppress(SynthesisError):  # no end was found
            for chunk in engine.synthesize(stretch) if isinstance(stretch, Speech) else ():
                if not n_samples:
                    resident["at the first sound"] = resident_bytes("VmRSS")
                n_samples += len(chunk)
    resident["at the end"], resident["peak resident"] = resident_bytes("VmRSS"), resident_bytes("VmHWM")
    return {"sentence": SENTENCE, "audio_s": n_samples / engine.sample_rate, "megabytes": {name: n / 1e6 for name, n in resident.items()}}


def child(option: str, folder: Path) -> str:
    """Standard output of this file run with ``option``."""
    return subprocess.run([sys.executable, __file__, option, str(folder)], check=True, stdout=subprocess.PIPE, text=True).stdout


def page(found: dict[str, Any]) -> str:
    lines = [f"{name:20}{value:8.0f} MB{bar_of(name)}" for name, value in found["megabytes"].items()]
    return "\n".join([f"{found['audio_s']:.1f} s of sound", *lines, "every bar is met" if found["passed"] else "A BAR IS MISSED"])


def bar_of(name: str) -> str:
    return f"   bar: below {BARS_MB[name]}" if name in BARS_MB else ""


if __name__ == "__main__":
    raise SystemExit(main())
