"""How fast GPT-SoVITS speaks at its full size on one thread: this project's graphs in float32 and eight bits, beside others.

    python benchmarks/gptsovits.py
    python benchmarks/gptsovits.py --genie genie_tts-2.0.2-py3-none-any.whl --json
    python benchmarks/gptsovits.py --upstream GPT-SoVITS

Weights are random, which changes nothing but the sound. 60 phonemes, 100 tokens of reference, 80 new tokens (3.2 s). Systems take turns,
so that a machine busy with something else is busy for all of them, and CPU seconds are compared. Genie's wheel is that of PyPI
(`pip download --no-deps genie-tts`); only its graphs are read, and filled with random weights. Its decoder also computes the
voice from the reference anew, and has no sound before the last token, so that its first packet is the whole sentence.

--upstream takes a checkout of RVC-Boss/GPT-SoVITS whose requirements are installed, and runs its own PyTorch modules in float32.

Ceilings are measured in the same run. A step reads its weights and all keys and values so far, so it cannot be faster than memory: bytes
over the best rate at which one thread reads 300 MB. The second stage cannot be faster than plain matrix products: its operations over the
best rate of one thread at the product of two 1024 x 1024 matrices, in float32 and, for the convolutions that have eight bits, in eight
bits. Top-1 agreement is counted over several sentences, tokens forced. Takes about three minutes and 5 GB on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from gptsovits_ceilings import GFLOP_IN_FLOAT32, GFLOP_PER_AUDIO_S, cpu_s, matrix_product, step_bytes
from gptsovits_ours import Ours
from gptsovits_page import page
from gptsovits_peers import Genie, Upstream, make_genie
from gptsovits_random import HOP, N_TOKENS, SAMPLE_RATE

from quantize.gptsovits.resident import resident_bytes

AUDIO_S = N_TOKENS * 2 * HOP / SAMPLE_RATE
BARS = {"float32": {"tokens_per_cpu_s": 34.0, "decode_cpu_s": 0.62}, "int8": {"tokens_per_cpu_s": 100.0, "decode_cpu_s": 0.40}}
MIN_AGREEMENT = 0.97


class System(Protocol):
    name: str

    def prefill(self) -> None: ...
    def step(self) -> None: ...
    def decode(self) -> None: ...
    def first_packet(self) -> None: ...


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genie", type=Path, metavar="WHEEL", help="genie_tts-*.whl, to measure its graphs in the same run")
    parser.add_argument("--upstream", type=Path, metavar="DIR", help="a checkout of GPT-SoVITS, to measure its modules in the same run")
    parser.add_argument("--rounds", type=int, default=5, help="times each is measured, after one to warm up (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the graphs are made, and found again by the next run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--resident", type=Path, metavar="GRAPHS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.resident:
        load(options.resident).first_packet()
        print(resident_bytes("VmHWM"))
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder = options.keep or Path(place)
        made = [folder / "float32", folder / "int8"]
        if not all((each / "step.onnx").is_file() for each in made):
            # in a process of its own: torch would slow nothing down here, but stay in memory
            making = f"from gptsovits_ours import make_ours; make_ours({str(folder)!r})"
            subprocess.run([sys.executable, "-c", making], check=True, env=environment())
        if options.genie:
            made.append(folder / "genie")
            if not (made[-1] / "vits_fp32.onnx").is_file():
                make_genie(options.genie, made[-1])
        if options.upstream:
            made.append(options.upstream)
        result = measure(made, options.rounds)
    print(json.dumps(result, indent=1) if options.json else page(result))
    return 0 if result["passed"] else 1


def environment() -> dict[str, str]:
    here = Path(__file__).resolve().parent
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])}


def load(folder: Path) -> System:
    if (folder / "GPT_SoVITS").is_dir():
        return Upstream(folder)
    return Genie(folder) if folder.name == "genie" else Ours(folder, shared_weights=folder.name == "float32")


def measure(folders: list[Path], rounds: int) -> dict[str, Any]:
    systems = [load(folder) for folder in folders]
    takes: dict[str, dict[str, list[float]]] = {system.name: {} for system in systems}
    bandwidth: list[float] = []
    gops: dict[str, list[float]] = {"float32": [], "int8": []}
    memory, products = np.ones(75_000_000, np.float32), {name: matrix_product(name) for name in gops}
    for number in range(rounds + 1):
        for system in systems:
            steps = [lambda: None] + [system.step] * N_TOKENS
            take = {
                "prefill_cpu_s": cpu_s(system.prefill),
                "tokens_per_cpu_s": N_TOKENS / cpu_s(lambda steps=steps: [step() for step in steps]),
                "decode_cpu_s": cpu_s(system.decode) / AUDIO_S,
                "first_packet_cpu_s": cpu_s(system.first_packet),
            }
            if number:
                for name, value in take.items():
                    takes[system.name].setdefault(name, []).append(value)
        bandwidth += [memory.nbytes / 1e9 / cpu_s(each) for each in (memory.sum, memory.max)]
        for name, product in products.items():
            gops[name].append(product())
    ours = {system.name: system for system in systems if isinstance(system, Ours)}
    logits = {name: system.forced() for name, system in ours.items()}
    agreement = float((logits["float32"].argmax(-1) == logits["int8"].argmax(-1)).mean())
    found = {name: {what: statistics.median(values) for what, values in each.items()} for name, each in takes.items()}
    best = {
        name: {what: (max if what.startswith("tokens") else min)(values) for what, values in each.items()} for name, each in takes.items()
    }
    paths = {system.name: folder for system, folder in zip(systems, folders, strict=True)}
    for name, folder in paths.items():
        found[name]["peak_resident_mb"] = resident(folder) / 1e6
    read, best_gops = max(bandwidth), {name: max(values) for name, values in gops.items()}
    ceilings = {}
    for name, n_gflop in {"float32": GFLOP_PER_AUDIO_S, "int8": GFLOP_IN_FLOAT32}.items():
        decode_s = n_gflop / best_gops["float32"] + (GFLOP_PER_AUDIO_S - n_gflop) / best_gops["int8"]
        ceilings[name] = {"tokens_per_cpu_s": 1e9 * read / step_bytes(paths[name] / "step.onnx"), "decode_cpu_s": decode_s}
    passed = agreement >= MIN_AGREEMENT and all(
        found[name]["tokens_per_cpu_s"] >= bar["tokens_per_cpu_s"] and found[name]["decode_cpu_s"] <= bar["decode_cpu_s"]
        for name, bar in BARS.items()
    )
    return {
        "machine": machine(), "rounds": rounds, "memory_gb_per_s": read, "gop_per_s": best_gops, "median": found, "best": best,
        "ceilings": ceilings, "bars": BARS, "agreement": agreement, "agreement_bar": MIN_AGREEMENT, "mel_db": mel_distance(ours),
        "passed": passed,
    }  # fmt: skip


def mel_distance(ours: dict[str, Ours]) -> float:
    """Log-spectral distance in dB of eight bits from float32, given the same tokens and noise."""
    from distill.evaluate import spectrum

    noise = np.random.default_rng(1).standard_normal((192, 2 * N_TOKENS)).astype(np.float32)
    waves = [each.stage.whole(ours["float32"].tokens, ours["float32"].phones, noise=noise) for each in (ours["float32"], ours["int8"])]
    return spectrum.log_spectral_distance(*(spectrum.band_levels(spectrum.power(wave, SAMPLE_RATE), SAMPLE_RATE) for wave in waves))


def resident(folder: Path) -> int:
    """Bytes a process of its own has resident at most."""
    command = [sys.executable, __file__, "--resident", str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout)


def machine() -> dict[str, Any]:
    flags = Path("/proc/cpuinfo").read_text("utf-8").split()
    features = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
    return {
        "processor": platform.machine(), "features": [name for name in features if name in flags], "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1), "onnxruntime": ort.__version__,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
