"""A voice folder on disk: complete and checked, or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from distill.staged import staged_folder
from distill.student import StudentConfig
from edge_agent.playback.loudness import integrated_lufs
from edge_agent.synthesis import Runtime, SynthesisError
from edge_agent.synthesis.golden import Golden
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.synthesis.mobilesovits.card import SCHEMA, symbols_sha256
from edge_agent.text import FRONT_END_VERSION, Speech, phonemes
from quantize.about import About
from quantize.checkpoint import Student
from quantize.errors import QuantizeError
from quantize.weights import FILE

GOLDEN_TEXT = "请注意，the voice is ready。"
DECODER_KERNEL = 7


@contextmanager
def staged(out: Path, *, replace: bool) -> Iterator[Path]:
    """A hidden folder beside ``out`` that takes its place when the block ends well, and vanishes when it does not.

    Raises:
        QuantizeError: ``out`` exists and may not be replaced, or is something else than a voice, or cannot be written.
    """
    if out.exists() and not replace:
        raise QuantizeError(f"{out} exists; say --replace to build it anew")
    if out.exists() and not (out / "voice.json").is_file():
        raise QuantizeError(f"{out} exists and holds no voice, so it is not replaced")
    try:
        with staged_folder(out) as stage:
            yield stage
    except OSError as error:
        raise QuantizeError(f"{out} was not built: {error.strerror or error} ({error.filename or out})") from error


def write_graphs(
    folder: Path, variants: Mapping[str, Mapping[str, ModelProto]], weights: bytes
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Write graphs and weights; files by variant and graph, and digests by file."""
    graphs: dict[str, dict[str, str]] = {}
    digests = {FILE: _write(folder / FILE, weights)}
    for variant, models in variants.items():
        graphs[variant] = {name: f"{name}.{variant}.onnx" for name in models}
        for name, file in graphs[variant].items():
            digests[file] = _write(folder / file, models[name].SerializeToString())
    return graphs, digests


def write_card(
    folder: Path, student: Student, about: About, graphs: dict[str, dict[str, str]], digests: dict[str, str], spoken: Sequence[str]
) -> dict[str, Any]:
    """Write ``voice.json``: what the engine needs, measured by the engine itself, and what people want to know.

    Args:
        spoken: phonemes of ordinary sentences, whose loudness becomes the voice's.
    """
    config = student.model.config
    golden_phonemes = phonemes(GOLDEN_TEXT)
    silence = np.zeros(config.sample_rate, np.float32)
    card: dict[str, Any] = {
        "schema": SCHEMA,
        "engine": "mobilesovits",
        "voice_id": about.voice_id,
        "display_name": about.display_name,
        "languages": list(about.languages),
        "shape": _shape(config),
        "loudness_lufs": 0.0,
        "front_end_version": FRONT_END_VERSION,
        "symbols_sha256": symbols_sha256(),
        "graphs": graphs,
        "sha256": digests,
        "golden": Golden.of(golden_phonemes, silence, config.sample_rate).to_json(),
        "made": {
            **about.origin,
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "checkpoint": {"step": student.step, "sha256": student.sha256},
            "student": asdict(config),
        },
    }
    _write_json(folder, card)  # what only the engine can tell is filled in below
    engine = MobileSoVITSEngine(folder, Runtime("cpu", 1))
    try:
        said = [_speak(engine, each) for each in spoken]
        card["loudness_lufs"] = round(integrated_lufs(np.concatenate(said), config.sample_rate), 2)
        card["golden"] = Golden.of(golden_phonemes, _speak(engine, golden_phonemes), config.sample_rate).to_json()
    finally:
        engine.close()
    _write_json(folder, card)
    return card


def golden_difference_db(folder: Path, variant: str) -> float:
    """How far a variant of the voice in ``folder`` is from its golden picture, see :class:`Golden`; infinite if it does not speak."""
    engine = MobileSoVITSEngine(folder, Runtime("cpu", 1), variant)
    try:
        golden = Golden.from_json(json.loads((folder / "voice.json").read_bytes())["golden"])
        return golden.difference_db(_speak(engine, golden.phonemes), engine.sample_rate)
    except SynthesisError:
        return float("inf")
    finally:
        engine.close()


def _shape(config: StudentConfig) -> dict[str, int]:
    return {
        "sample_rate": config.sample_rate,
        "hop": config.hop,
        "head_fft": config.head_fft,
        "head_hop": config.head_hop,
        "context_frames": config.decoder_blocks * (DECODER_KERNEL // 2),
    }


def _speak(engine: MobileSoVITSEngine, spoken: str) -> np.ndarray:
    return np.concatenate(list(engine.synthesize(Speech("", "mixed", spoken))))


def _write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _write_json(folder: Path, card: dict[str, Any]) -> None:
    (folder / "voice.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
