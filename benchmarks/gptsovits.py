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
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from gptsovits_peers import Genie, Upstream, make_genie
from gptsovits_random import (
    FIRST_TOKENS,
    HOP,
    N_PHONES,
    N_PROMPT,
    N_REFERENCE,
    N_TOKENS,
    SAMPLE_RATE,
    voice,
)

from edge_agent.synthesis.gptsovits.sampling import Chooser, Sampling
from edge_agent.synthesis.gptsovits.sessions import cpu_session
from edge_agent.synthesis.gptsovits.stream import Stage2, Stream
from edge_agent.synthesis.gptsovits.transformer import Transformer
from quantize.gptsovits.resident import resident_bytes

N_SENTENCES, N_FORCED = 16, 24
CAPACITY = 512
AUDIO_S = N_TOKENS * 2 * HOP / SAMPLE_RATE
GFLOP_PER_AUDIO_S, GFLOP_IN_FLOAT32 = 42.7, 2.5
"""Of the second stage, counted; and how much of it has float32 in eight-bit voices too: flow, prior and the decoder's ends."""
CACHE_BYTES = 24 * 2 * 512 * 4
"""Of a position."""
BARS = {"float32": {"tokens_per_cpu_s": 34.0, "decode_cpu_s": 0.62}, "int8": {"tokens_per_cpu_s": 100.0, "decode_cpu_s": 0.40}}
MIN_AGREEMENT = 0.97


class System(Protocol):
    name: str

    def prefill(self) -> None: ...
    def step(self) -> None: ...
    def decode(self) -> None: ...
    def first_packet(self) -> None: ...


class Ours:
    """Graphs in ``folder``, as the engine runs them."""

    def __init__(self, folder: Path, *, shared_weights: bool) -> None:
        self.name = folder.name
        graphs = {path.stem: path for path in folder.glob("*.onnx")}
        sessions = {
            name: cpu_session(path, 1, shared_weights=shared_weights and name in ("prefill", "step")) for name, path in graphs.items()
        }
        self.transformer = Transformer(sessions.pop("prefill"), sessions.pop("step"), CAPACITY)
        self.stage = Stage2(sessions, HOP)
        self._random = np.random.default_rng(0)
        self.phones, self.prompt, self.tokens = (
            self._random.integers(0, top, n) for top, n in ((322, N_PHONES), (1024, N_PROMPT), (1024, N_TOKENS))
        )
        self._reference = self._random.standard_normal((N_REFERENCE, 512), np.float32)
        self._features = np.zeros((N_PHONES, 1024), np.float32)
        self._logits: Any = None
        self._said: list[int] = []

    def prefill(self) -> None:
        self._logits = self.transformer.start(self._reference, self.phones, self._features, self.prompt)
        self._said, self._chooser = [], Chooser(Sampling(), 1024, self.prompt, seed=0)

    def step(self) -> None:
        token = self._chooser.choose(self._logits) or 0  # random weights find an end anywhere
        self._said.append(token)
        self._logits = self.transformer.step(token)

    def decode(self) -> None:
        noise = self._random.standard_normal((192, 2 * N_TOKENS), np.float32)
        self.stage.whole(self.tokens, self.phones, noise=noise)

    def first_packet(self) -> None:
        self.prefill()
        for _ in range(FIRST_TOKENS):
            self.step()
        Stream(self.stage, self.phones, 1.0, self._random).add(self._said, final=False)

    def forced(self) -> np.ndarray:
        """Logits [tokens, 1024] of sentences of which every token is given, whatever they say."""
        rows = []
        for number in range(N_SENTENCES):
            random = np.random.default_rng(number)
            phones, prompt, tokens = (random.integers(0, top, n) for top, n in ((322, N_PHONES), (1024, N_PROMPT), (1024, N_FORCED)))
            rows.append(self.transformer.start(self._reference, phones, self._features, prompt)[:1024].copy())
            rows += [self.transformer.step(token)[:1024].copy() for token in tokens]
        return np.stack(rows)


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
            subprocess.run([sys.executable, "-c", f"import gptsovits; gptsovits.make_ours({str(folder)!r})"], check=True, env=environment())
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


def make_ours(place: str) -> None:
    """A random voice in both precisions."""
    from quantize.gptsovits import int8
    from quantize.gptsovits.bake import BakedSovits
    from quantize.gptsovits.export import FLOAT32, first_stage, move_weights, second_stage
    from quantize.gptsovits.onnx_runtime import OnnxSecond
    from quantize.weights import WeightFile

    t2s, sovits, speaker = voice()
    baked = BakedSovits(sovits, speaker).eval()
    stage, random = OnnxSecond(baked).stage, np.random.default_rng(0)
    latents = []
    for _ in range(3):
        mean, log_std = stage.prior(random.integers(0, 1024, 50), stage.text(random.integers(0, 322, 25)))
        latents.append(stage.flow(mean + random.standard_normal(mean.shape).astype(np.float32) * np.exp(log_std) * np.float32(0.5)))
    for name, form in (("float32", FLOAT32), ("int8", int8.form(int8.calibrate(baked, latents)))):
        folder, weights = Path(place) / name, WeightFile()
        folder.mkdir(parents=True, exist_ok=True)
        for graph, model in {**first_stage(t2s, form), **second_stage(baked, form)}.items():
            move_weights(model, weights)
            (folder / f"{graph}.onnx").write_bytes(model.SerializeToString())
        (folder / weights.file).write_bytes(weights.to_bytes())


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
        "ceilings": ceilings, "bars": BARS, "agreement": agreement, "mel_db": mel_distance(ours), "passed": passed,
    }  # fmt: skip


def cpu_s(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def step_bytes(graph: Path) -> int:
    """What a step reads, halfway through the sentence: its weights but for the table of tokens, and the cache."""
    import onnx

    tensors = [tensor for tensor in onnx.load(str(graph), load_external_data=False).graph.initializer if tensor.name != "audio_embedding"]
    weights = sum(int(np.prod(each.dims)) * onnx.helper.tensor_dtype_to_np_dtype(each.data_type).itemsize for each in tensors)
    return weights + CACHE_BYTES * (N_REFERENCE + N_PHONES + N_PROMPT + N_TOKENS // 2)


def matrix_product(kind: str, size: int = 1024) -> Callable[[], float]:
    """Measures how many 10^9 operations a second one thread does, a multiplication and an addition being two."""
    from onnx import TensorProto, helper, numpy_helper

    types = {"float32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT), "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT32)}
    operator, given, made = types[kind]
    value = [helper.make_tensor_value_info(name, each, [size, size]) for name, each in (("a", given), ("c", made))]
    weight = numpy_helper.from_array(np.ones((size, size), np.float32 if kind == "float32" else np.int8), "b")
    graph = helper.make_graph([helper.make_node(operator, ["a", "b"], ["c"])], "product", value[:1], value[1:], [weight])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    matrix = np.ones((size, size), np.float32 if kind == "float32" else np.uint8)
    times = 5
    return lambda: times * 2 * size**3 / 1e9 / cpu_s(lambda: [session.run(None, {"a": matrix}) for _ in range(times)])


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


def page(result: dict[str, Any]) -> str:
    median, best = result["median"], result["best"]
    lines = [", ".join(f"{name} {value}" for name, value in result["machine"].items())]
    gops = ", ".join(f"{value:.0f} GOP/s in {name}" for name, value in result["gop_per_s"].items())
    lines.append(f"one thread at best: memory {result['memory_gb_per_s']:.1f} GB/s, matrix product {gops}\n")
    lines.append(f"{'median (best)':34}" + "".join(f"{name:>20}" for name in median))
    rows = {
        "tokens_per_cpu_s": "tokens per CPU second", "prefill_cpu_s": "prefill, CPU s", "decode_cpu_s": "decode, CPU s per s of audio",
        "first_packet_cpu_s": "first packet, CPU s",
    }  # fmt: skip
    for what, title in rows.items():
        digits = 1 if what.startswith("tokens") else 3
        cells = [f"{median[name][what]:.{digits}f} ({best[name][what]:.{digits}f})" for name in median]
        lines.append(f"{title:34}" + "".join(f"{cell:>20}" for cell in cells))
        lines += [compared(median, peer, what) for peer in ("genie", "upstream") if peer in median]
    lines.append(f"{'peak resident, MB':34}" + "".join(f"{median[name]['peak_resident_mb']:20.0f}" for name in median))
    lines.append("")
    for name, ceilings in result["ceilings"].items():
        for what, ceiling in ceilings.items():
            share = median[name][what] / ceiling if what.startswith("tokens") else ceiling / median[name][what]
            lines.append(f"{name} {rows[what]}: {100 * share:.0f} % of the ceiling, {ceiling:.3g}; bar {result['bars'][name][what]:g}")
    lines.append(f"int8 top-1 agreement with float32, teacher-forced: {100 * result['agreement']:.1f} %; bar {100 * MIN_AGREEMENT:.0f} %")
    lines.append(f"int8 mel distance from float32: {result['mel_db']:.2f} dB")
    lines.append("every bar is met" if result["passed"] else "A BAR IS MISSED")
    return "\n".join(lines)


def compared(median: dict[str, dict[str, float]], peer: str, what: str) -> str:
    """A row of how many times faster each is than ``peer``."""
    ratios = [each[what] / median[peer][what] for each in median.values()]
    ratios = ratios if what.startswith("tokens") else [1 / ratio for ratio in ratios]
    return f"{f'  times as fast as {peer}':34}" + "".join(f"{ratio:20.2f}" for ratio in ratios)


if __name__ == "__main__":
    raise SystemExit(main())
