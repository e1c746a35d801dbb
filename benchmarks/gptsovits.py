"""How fast GPT-SoVITS speaks at its full size on one thread: this project's graphs in float32 and eight bits, beside Genie's.

    python benchmarks/gptsovits.py
    python benchmarks/gptsovits.py --genie genie_tts-2.0.2-py3-none-any.whl --json

Weights are random, which changes nothing but the sound. 60 phonemes, 100 tokens of reference, 80 new tokens (3.2 s). Systems take turns,
so that a machine busy with something else is busy for all of them, and CPU seconds are compared. Genie's wheel is that of PyPI
(`pip download --no-deps genie-tts`); only its graphs are read, and filled with random weights. Its decoder also computes the
voice from the reference anew, and has no sound before the last token, so that its first packet is the whole sentence.

Ceilings are measured in the same run: a step reads every weight once, so it cannot be faster than memory; the decoder cannot be faster
than a plain matrix product of the processor. Takes about three minutes and 5 GB on an idle machine.
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
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort

from edge_agent.synthesis.gptsovits.sampling import Sampling, draw, penalise, probabilities
from edge_agent.synthesis.gptsovits.sessions import cpu_session
from edge_agent.synthesis.gptsovits.stream import Stage2, Stream
from edge_agent.synthesis.gptsovits.transformer import Transformer

N_REFERENCE, N_PHONES, N_PROMPT, N_TOKENS, FIRST_TOKENS = 25, 35, 100, 80, 18
N_FORCED = 300
HOP, SAMPLE_RATE, CAPACITY = 640, 32_000, 512
AUDIO_S = N_TOKENS * 2 * HOP / SAMPLE_RATE
GFLOP_PER_AUDIO_S = 42.7
"""Of the second stage, counted."""
LINEAR_PARAMETERS = 24 * (4 * 512 * 512 + 2 * 512 * 2048) + 1025 * 512
"""That a step reads."""
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
        self._said = []

    def step(self) -> None:
        previous = np.array([*self.prompt, *self._said], np.int64)
        token = draw(probabilities(penalise(self._logits[:1024], previous, 1.35), Sampling()), self._random)
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
        """Logits [tokens, 1024] while the same tokens are fed, whatever they say."""
        self.prefill()
        tokens = np.random.default_rng(1).integers(0, 1024, N_FORCED)
        return np.stack([self.transformer.step(token)[:1024].copy() for token in tokens])


class Genie:
    """Genie's graphs, called as its package calls them."""

    name = "genie"

    def __init__(self, folder: Path) -> None:
        self._sessions = {name: cpu_session(folder / f"{name}.onnx", 1) for name in GENIE_GRAPHS}
        random = np.random.default_rng(0)
        self._encoder = {
            "ref_seq": random.integers(0, 322, (1, N_REFERENCE)), "text_seq": random.integers(0, 322, (1, N_PHONES)),
            "ref_bert": np.zeros((N_REFERENCE, 1024), np.float32), "text_bert": np.zeros((N_PHONES, 1024), np.float32),
            "ssl_content": random.standard_normal((1, 768, 2 * N_PROMPT)).astype(np.float32),
        }  # fmt: skip
        self._vits = {
            "text_seq": self._encoder["text_seq"], "pred_semantic": random.integers(0, 1024, (1, 1, N_TOKENS)),
            "ref_audio": (0.1 * random.standard_normal((1, 4 * SAMPLE_RATE))).astype(np.float32),
        }  # fmt: skip
        self._names = [each.name for each in self._sessions["t2s_stage_decoder_fp32"].get_inputs()]
        self._state: list[np.ndarray] = []

    def prefill(self) -> None:
        x, prompts = self._sessions["t2s_encoder_fp32"].run(None, self._encoder)
        self._state = self._sessions["t2s_first_stage_decoder_fp32"].run(None, {"x": x, "prompts": prompts})

    def step(self) -> None:
        y, y_emb, _, *cache = self._sessions["t2s_stage_decoder_fp32"].run(None, dict(zip(self._names, self._state, strict=True)))
        self._state = [y, y_emb, *cache]

    def decode(self) -> None:
        self._sessions["vits_fp32"].run(None, self._vits)

    def first_packet(self) -> None:
        self.prefill()
        for _ in range(N_TOKENS):
            self.step()
        self.decode()


GENIE_GRAPHS = ("t2s_encoder_fp32", "t2s_first_stage_decoder_fp32", "t2s_stage_decoder_fp32", "vits_fp32")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genie", type=Path, metavar="WHEEL", help="genie_tts-*.whl, to measure its graphs in the same run")
    parser.add_argument("--rounds", type=int, default=5, help="times each is measured, after one to warm up (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the graphs are made, and found again by the next run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--resident", type=Path, metavar="GRAPHS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.resident:
        load(options.resident).first_packet()
        print(peak_bytes())
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
        result = measure(made, options.rounds)
    print(json.dumps(result, indent=1) if options.json else page(result))
    return 0 if result["passed"] else 1


def environment() -> dict[str, str]:
    here = Path(__file__).resolve().parent
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])}


def load(folder: Path) -> System:
    return Genie(folder) if folder.name == "genie" else Ours(folder, shared_weights=folder.name == "float32")


def make_ours(place: str) -> None:
    """A random v2 voice of the real sizes in both precisions."""
    import torch

    from quantize.gptsovits import int8
    from quantize.gptsovits.bake import BakedSovits
    from quantize.gptsovits.config import SovitsConfig, T2SConfig
    from quantize.gptsovits.export import FLOAT32, first_stage, move_weights, second_stage
    from quantize.gptsovits.onnx_runtime import OnnxSecond
    from quantize.gptsovits.sovits import Sovits, Speaker
    from quantize.gptsovits.t2s import TextToSemantic
    from quantize.weights import WeightFile

    torch.manual_seed(0)
    t2s = TextToSemantic(T2SConfig(width=512, heads=16, layers=24, ffn=2048, vocab=1025, phones=732, eos=1024, max_s=54)).eval()
    sovits = Sovits(
        SovitsConfig(
            latent=192, width=192, ffn=768, heads=2, layers=6, kernel=3, speaker=512, phones=732, spec_bins=704, up_channels=512,
            up_rates=(10, 8, 2, 2, 2), up_kernels=(16, 16, 8, 2, 2), res_kernels=(3, 7, 11), res_dilations=((1, 3, 5),) * 3, pro=False,
            sample_rate=SAMPLE_RATE, n_fft=2048, hop=HOP,
        )
    ).eval()  # fmt: skip
    with torch.no_grad():
        for name, parameter in [*t2s.named_parameters(), *sovits.named_parameters()]:
            if "in_proj_weight" in name:
                torch.nn.init.xavier_uniform_(parameter)
            elif "in_proj_bias" in name:
                parameter.zero_()
            elif "emb" in name or "codebook" in name:
                parameter.normal_(0, 96**-0.5 if "emb_rel" in name else 1)
    voice = BakedSovits(sovits, Speaker(torch.randn(512) * 0.1, torch.randn(512) * 0.1)).eval()
    stage, random = OnnxSecond(voice).stage, np.random.default_rng(0)
    latents = []
    for _ in range(3):
        mean, log_std = stage.prior(random.integers(0, 1024, 50), stage.text(random.integers(0, 322, 25)))
        latents.append(stage.flow(mean + random.standard_normal(mean.shape).astype(np.float32) * np.exp(log_std) * np.float32(0.5)))
    for name, form in (("float32", FLOAT32), ("int8", int8.form(int8.calibrate(voice, latents)))):
        folder, weights = Path(place) / name, WeightFile()
        folder.mkdir(parents=True, exist_ok=True)
        for graph, model in {**first_stage(t2s, form), **second_stage(voice, form)}.items():
            move_weights(model, weights)
            (folder / f"{graph}.onnx").write_bytes(model.SerializeToString())
        (folder / weights.file).write_bytes(weights.to_bytes())


def make_genie(wheel: Path, folder: Path) -> None:
    """Genie's graphs with random weights in the place of those its converter links in."""
    import onnx

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    with zipfile.ZipFile(wheel) as archive:
        for name in GENIE_GRAPHS:
            model = onnx.load_from_string(archive.read(f"genie_tts/Data/v2/Models/{name}.onnx"))
            for tensor in model.graph.initializer:
                if tensor.data_location == onnx.TensorProto.EXTERNAL:
                    values = random_weight(tensor.name, tuple(tensor.dims), random)
                    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
            onnx.save_model(model, str(folder / f"{name}.onnx"), save_as_external_data=True, location=f"{name}.bin")


def random_weight(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if len(shape) < 2:
        return np.full(shape, float("norm" in name and name.endswith(("weight", "gamma"))), np.float32)
    fan = 1 if "embed" in name else int(np.prod(shape[1:]))
    return (random.standard_normal(shape) / np.sqrt(fan)).astype(np.float32)


def measure(folders: list[Path], rounds: int) -> dict[str, Any]:
    systems = [load(folder) for folder in folders]
    takes: dict[str, dict[str, list[float]]] = {system.name: {} for system in systems}
    bandwidth, gflops = [], []
    memory, product = np.ones(75_000_000, np.float32), matrix_product()
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
        gflops.append(product())
    ours = {system.name: system for system in systems if isinstance(system, Ours)}
    logits = {name: system.forced() for name, system in ours.items()}
    agreement = float((logits["float32"].argmax(-1) == logits["int8"].argmax(-1)).mean())
    found = {name: {what: statistics.median(values) for what, values in each.items()} for name, each in takes.items()}
    best = {
        name: {what: (max if what.startswith("tokens") else min)(values) for what, values in each.items()} for name, each in takes.items()
    }
    for folder in folders:
        found[folder.name]["peak_resident_mb"] = resident(folder) / 1e6
    ceilings = {
        "float32": {"tokens_per_cpu_s": 1e9 * max(bandwidth) / (4 * LINEAR_PARAMETERS), "decode_cpu_s": GFLOP_PER_AUDIO_S / max(gflops)},
        "int8": {"tokens_per_cpu_s": 1e9 * max(bandwidth) / LINEAR_PARAMETERS},
    }
    passed = agreement >= MIN_AGREEMENT and all(
        found[name]["tokens_per_cpu_s"] >= bar["tokens_per_cpu_s"] and found[name]["decode_cpu_s"] <= bar["decode_cpu_s"]
        for name, bar in BARS.items()
    )
    return {
        "machine": machine(), "rounds": rounds, "memory_gb_per_s": max(bandwidth), "gflop_per_s": max(gflops), "median": found,
        "best": best,
        "ceilings": ceilings, "bars": BARS, "agreement": agreement, "mel_db": mel_distance(ours), "passed": passed,
    }  # fmt: skip


def cpu_s(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def matrix_product(size: int = 1024) -> Callable[[], float]:
    """Measures GFLOP a second of one thread."""
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in "abc"]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", value[:2], value[2:])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    matrix = np.ones((size, size), np.float32)
    return lambda: 2 * size**3 / 1e9 / cpu_s(lambda: session.run(None, {"a": matrix, "b": matrix}))


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


def peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


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
    lines.append(f"memory {result['memory_gb_per_s']:.1f} GB/s, matrix product {result['gflop_per_s']:.0f} GFLOP/s (one thread, best)\n")
    lines.append(f"{'median (best)':34}" + "".join(f"{name:>20}" for name in median))
    rows = {
        "tokens_per_cpu_s": "tokens per CPU second", "prefill_cpu_s": "prefill, CPU s", "decode_cpu_s": "decode, CPU s per s of audio",
        "first_packet_cpu_s": "first packet, CPU s",
    }  # fmt: skip
    for what, title in rows.items():
        digits = 1 if what.startswith("tokens") else 3
        cells = [f"{median[name][what]:.{digits}f} ({best[name][what]:.{digits}f})" for name in median]
        lines.append(f"{title:34}" + "".join(f"{cell:>20}" for cell in cells))
        if "genie" in median and what != "tokens_per_cpu_s":
            lines.append(f"{'  Genie takes times':34}" + "".join(f"{median['genie'][what] / median[name][what]:20.2f}" for name in median))
        elif "genie" in median:
            lines.append(f"{'  times Genie':34}" + "".join(f"{median[name][what] / median['genie'][what]:20.2f}" for name in median))
    lines.append(f"{'peak resident, MB':34}" + "".join(f"{median[name]['peak_resident_mb']:20.0f}" for name in median))
    lines.append("")
    for name, ceilings in result["ceilings"].items():
        for what, ceiling in ceilings.items():
            share = median[name][what] / ceiling if what.startswith("tokens") else ceiling / median[name][what]
            lines.append(f"{name} {rows[what]}: {100 * share:.0f} % of the ceiling, {ceiling:.3g}; bar {result['bars'][name][what]:g}")
    lines.append(f"int8 decode, CPU s per s of audio: bar {result['bars']['int8']['decode_cpu_s']:g}")
    lines.append(f"int8 top-1 agreement with float32, teacher-forced: {100 * result['agreement']:.1f} %; bar {100 * MIN_AGREEMENT:.0f} %")
    lines.append(f"int8 mel distance from float32: {result['mel_db']:.2f} dB")
    lines.append("every bar is met" if result["passed"] else "A BAR IS MISSED")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
