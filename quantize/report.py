"""What was measured while a voice was built, as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime as ort

from quantize.about import About
from quantize.errors import QuantizeError
from quantize.gates import Gate
from quantize.graph import FloatGraph
from quantize.loss import Loss
from quantize.sensitivity import Sensitivity
from quantize.variants import VARIANTS

_BOUNDED = (
    "Brackets hold the value with 95 % confidence (paired bootstrap over sentences); such a gate fails if even their low end is beyond "
    "the limit."
)
_CPU_FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")


@dataclass(frozen=True, slots=True)
class Report:
    """``losses`` by variant; ``full_range`` is the ``cpu`` variant with all eight bits in its weights; ``sizes`` in bytes,
    largest first; ``audio_s`` is how much speech the losses were measured on."""

    about: About
    step: int
    card: dict[str, Any]
    gates: Sequence[Gate]
    losses: dict[str, Loss]
    full_range: Loss
    layers: Sequence[Sensitivity]
    sizes: dict[str, int]
    audio_s: float

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)


def teacher_files(path: Path) -> list[Path]:
    """The file at ``path``, or those in the folder.

    Raises:
        QuantizeError: there are none.
    """
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    if not files:
        raise QuantizeError(f"no files of a teacher at {path}")
    return files


def sizes(folder: Path, graphs: Sequence[FloatGraph], teacher: Path | None) -> dict[str, int]:
    """Bytes of the teacher if it is at hand, of the student's float32 tensors, and of the voice folder."""
    found = {}
    if teacher is not None:
        found["teacher"] = max(file.stat().st_size for file in teacher_files(teacher))
    found["student, float32"] = sum(array.nbytes for graph in graphs for array in graph.tensors.values())
    files = [file for file in folder.iterdir() if file.suffix in (".onnx", ".bin", ".json")]
    found["voice, int8, all variants"] = sum(file.stat().st_size for file in files)
    return found


def gate_table(gates: Iterable[Gate]) -> str:
    """All gates as text for a terminal."""
    return _columns([["", "measured", "limit", ""], *map(_gate_row, gates)])


def size_table(sizes: dict[str, int]) -> str:
    """Sizes as text for a terminal."""
    return _columns([(name, f"{n_bytes / 1e6:.1f} MB") for name, n_bytes in sizes.items()])


def page(report: Report) -> str:
    """The whole report."""
    features = ", ".join(name for name in _CPU_FEATURES if name in _cpu_flags()) or "no integer extensions"
    how = (
        f"Passed: {'yes' if report.passed else 'NO'}. Measured on {report.audio_s:.0f} s of sentences nobody trained on, against the "
        f"float32 student with the same durations, source and noise; ONNX Runtime {ort.__version__}, {platform.machine()} with "
        f"{features}. The graphs for other processors ran on this one."
    )
    why = (
        "Weights have 7 bits so that one file is right on every processor, see `quantize/int8.py`; the last line is what the eighth "
        "would bring."
    )
    return (
        "\n\n".join(
            [
                f"# Quantization of {report.about.display_name} (`{report.about.voice_id}`, step {report.step})",
                how,
                "## Sizes",
                _markdown(["", "MB"], [[name, f"{n_bytes / 1e6:.1f}"] for name, n_bytes in report.sizes.items()]),
                "## Gates",
                _markdown(["gate", "measured", "limit", ""], map(_gate_row, report.gates)),
                *([_BOUNDED] if any(gate.bounds for gate in report.gates) else []),
                "## Variants",
                "\n".join(f"- `{name}`: {text}" for name, text in VARIANTS.items()),
                _losses([*report.losses.items(), ("cpu, weights of 8 bits", report.full_range)]),
                why,
                "## Layers",
                "Loss when a layer is the only one quantized.",
                _losses([(f"{each.graph}/{each.layer}", each.loss) for each in report.layers]),
            ]
        )
        + "\n"
    )


def card_page(report: Report) -> str:
    """``CARD.md``, for whoever finds the folder."""
    made, about = report.card["made"], report.about
    facts = [
        ["voice", f"`{about.voice_id}`"],
        ["languages", ", ".join(about.languages)],
        ["teacher", about.teacher],
        ["licence", about.licence],
        ["training text and audio", about.data],
        ["student", f"MobileSoVITS, step {report.step}, checkpoint sha256 `{made['checkpoint']['sha256']}`"],
        ["front end", f"`{report.card['front_end_version']}`"],
        ["loudness", f"{report.card['loudness_lufs']:.1f} LUFS"],
        ["size", f"{report.sizes['voice, int8, all variants'] / 1e6:.1f} MB"],
        ["int8 against float32", f"{report.losses['cpu'].spectral_db:.2f} dB log-spectral distance"],
        ["made", f"{made['created']}, commit `{about.commit}`"],
        ["command", f"`{about.command}`"],
    ]
    parts = [f"# {about.display_name}", _markdown(["", ""], facts)]
    if about.scores:
        parts += ["## Scores", _markdown(["system/language", "measure", "value", "sentences"], score_rows(about.scores))]
    return "\n\n".join(parts) + "\n"


def score_rows(summary: dict[str, Any]) -> list[list[str]]:
    """The summary in the ``scores.json`` of an evaluation, a row for each system, language and measure.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    return [
        [system, name, f"{each['value']:.3g} [{each['low']:.3g}, {each['high']:.3g}] {each['unit']}".rstrip(), str(each["n"])]
        for system, measures in summary.items()
        for name, each in measures.items()
    ]


def _losses(rows: Sequence[tuple[str, Loss]]) -> str:
    header = ["", "log-spectral, dB", "worst sentence, dB", "durations changed, %", "F0, cents", "voicing changed, %"]
    numbers = [(loss.spectral_db, loss.worst_db, 100 * loss.durations, loss.f0_cents, 100 * loss.voicing) for _, loss in rows]
    return _markdown(header, [[name, *(f"{x:.3f}" for x in each)] for (name, _), each in zip(rows, numbers, strict=True)])


def _gate_row(gate: Gate) -> list[str]:
    bounds = "" if gate.bounds is None else f" [{gate.bounds[0]:.3g}, {gate.bounds[1]:.3g}]"
    return [gate.name, f"{gate.value:.3g}{bounds}", f"{gate.limit:g} {gate.unit}", "ok" if gate.passed else "FAILED"]


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        return set()
    return {word for line in lines if line.lower().startswith(("flags", "features")) for word in line.split()}
