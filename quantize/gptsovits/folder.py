"""A baked voice to a folder that the device can load: complete and checked, or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
from onnx import ModelProto

from edge_agent.playback.loudness import integrated_lufs
from edge_agent.synthesis.golden import Golden
from edge_agent.synthesis.gptsovits import Sampling
from edge_agent.synthesis.gptsovits.card import BERT, ENGINE, PROMPT, SCHEMA, VARIANT, VOCABULARY, symbols_sha256
from edge_agent.text import FRONT_END_VERSION, phonemes
from quantize.about import About
from quantize.errors import QuantizeError
from quantize.folder import staged
from quantize.gates import Gate
from quantize.gptsovits import bert_graph, int8, linear, sizes
from quantize.gptsovits.bake import Voice
from quantize.gptsovits.bert_graph import TextWeights
from quantize.gptsovits.config import N_CODES
from quantize.gptsovits.export import FLOAT32, Form, first_stage, move_weights, second_stage
from quantize.gptsovits.onnx_runtime import OnnxFirst, OnnxSecond
from quantize.gptsovits.rehearse import Rehearsal
from quantize.weights import WeightFile

GOLDEN_TEXT = "请注意，the voice is ready。"
QUIETEST_LUFS, LOUDEST_LUFS = -70.0, 0.0

Precision = Literal["int8", "float32"]
UPSTREAM = Sampling()
"""What the original's programming interface draws tokens with."""


class TooLarge(QuantizeError):
    """The voice was not written; ``parts`` says what it takes, in bytes."""

    def __init__(self, message: str, parts: Mapping[str, int]) -> None:
        super().__init__(message)
        self.parts = parts


@dataclass(frozen=True, slots=True)
class Built:
    """What was made: the voice's card, and its size in bytes by part."""

    card: dict[str, Any]
    parts: dict[str, int]


def write_voice(
    voice: Voice,
    out: Path,
    about: About,
    *,
    text_model: TextWeights | None = None,
    precision: Precision = "int8",
    sampling: Sampling = UPSTREAM,
    seed: int = 0,
    replace: bool = False,
) -> Built:
    """Write ``voice`` to the folder ``out``.

    Args:
        text_model: of Chinese, see :func:`quantize.gptsovits.bert_graph.read`; without it Chinese is read with less expression.
        sampling: how tokens are drawn unless the device says otherwise.
        seed: of all noise.

    Raises:
        TooLarge: it takes a gigabyte or more, on disk or in memory.
        QuantizeError: ``out`` exists and may not be replaced, or the voice cannot speak.
    """
    with staged(out, replace=replace) as stage:
        form = _int8_form(voice, sampling, seed) if precision == "int8" else FLOAT32
        models = {**first_stage(voice.t2s, form), **second_stage(voice.sovits, form)}
        digests: dict[str, str] = {}
        tensors = _write_graphs(stage, models, WeightFile(), digests)
        files = {name: f"{name}.onnx" for name in models}
        if text_model is not None:
            text_graph = {BERT: bert_graph.build(text_model, linear.int8)}
            tensors |= _write_graphs(stage, text_graph, WeightFile(f"{BERT}.bin"), digests)
            files[BERT] = f"{BERT}.onnx"
            digests[VOCABULARY] = _write(stage / VOCABULARY, text_model.vocabulary)
        np.savez(stage / PROMPT, tokens=voice.prompt.numpy(), reference=voice.reference_rows.numpy())
        digests[PROMPT] = hashlib.sha256((stage / PROMPT).read_bytes()).hexdigest()
        card = _card(voice, about, sampling, seed, precision) | {"graphs": {VARIANT: files}, "sha256": digests}
        card |= _spoken(voice, form, sampling, seed)
        (stage / "voice.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
        try:
            parts = sizes.measure(stage, tensors)
        except RuntimeError as error:
            raise QuantizeError(str(error)) from error
        failed = [gate for gate in sizes.gates(parts) if not gate.passed]
        if failed:
            raise TooLarge(f"{out} was not built: {', '.join(map(_in_words, failed))}\n{sizes.table(parts)}", parts)
    return Built(card, parts)


def _int8_form(voice: Voice, sampling: Sampling, seed: int) -> Form:
    rehearsal = _rehearsal(voice, FLOAT32, sampling, seed)
    return int8.form(int8.calibrate(voice.sovits, (rehearsal.latents(line) for line in rehearsal.lines() if line.tokens)))


def _rehearsal(voice: Voice, form: Form, sampling: Sampling, seed: int) -> Rehearsal:
    return Rehearsal(voice, OnnxFirst(voice.t2s, form).transformer, OnnxSecond(voice.sovits, form).stage, sampling, seed)


def _spoken(voice: Voice, form: Form, sampling: Sampling, seed: int) -> dict[str, Any]:
    """What can only be heard: loudness, and the golden phrase."""
    rehearsal, stage = _rehearsal(voice, form, sampling, seed), OnnxSecond(voice.sovits, form).stage
    rate, golden = voice.sovits.config.sample_rate, phonemes(GOLDEN_TEXT)
    line = rehearsal.say(f"{{{golden}}}")
    if not line.tokens:
        raise QuantizeError("the voice says nothing at all; its checkpoints do not belong together, or training failed")
    wave = stage.whole(line.tokens, line.phones)
    speech = np.concatenate([wave, *(stage.decode(rehearsal.latents(each)) for each in rehearsal.lines() if each.tokens)])
    loudness = integrated_lufs(speech, rate)
    return {
        "loudness_lufs": round(float(np.clip(np.nan_to_num(loudness, neginf=QUIETEST_LUFS), QUIETEST_LUFS, LOUDEST_LUFS)), 2),
        "golden": Golden.of(golden, wave, rate).to_json(),
        "golden_tokens": line.tokens,
        "golden_likeliest": rehearsal.likeliest(line),
    }


def _card(voice: Voice, about: About, sampling: Sampling, seed: int, precision: Precision) -> dict[str, Any]:
    config, family = voice.sovits.config, "v1" if voice.version == "v1" else "v2"
    return {
        "schema": SCHEMA,
        "engine": ENGINE,
        "voice_id": about.voice_id,
        "display_name": about.display_name,
        "languages": list(about.languages),
        "version": voice.version,
        "family": family,
        "shape": {"sample_rate": config.sample_rate, "hop": config.hop, "n_codes": N_CODES},
        "front_end_version": FRONT_END_VERSION,
        "symbols_sha256": symbols_sha256(family),
        "sampling": asdict(sampling),
        "seed": seed,
        "shared_weights": precision == "float32",
        "made": {
            **about.origin,
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "precision": precision,
            "checkpoints": list(voice.sha256),
        },
    }


def _write_graphs(folder: Path, models: Mapping[str, ModelProto], weights: WeightFile, digests: dict[str, str]) -> dict[str, int]:
    """Write graphs that share a weight file; adds their digests, and gives how many bytes each has that none before it had."""
    added, before = {}, 0
    for name, model in models.items():
        move_weights(model, weights)
        digests[f"{name}.onnx"] = _write(folder / f"{name}.onnx", model.SerializeToString())
        added[name], before = len(weights.to_bytes()) - before, len(weights.to_bytes())
    digests[weights.file] = _write(folder / weights.file, weights.to_bytes())
    return added


def _write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _in_words(gate: Gate) -> str:
    return f"{gate.value:.0f} MB {gate.name}, which must stay below 1000 MB"
