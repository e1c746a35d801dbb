"""Two checkpoints to two models, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from edge_agent.digest import sha256_of
from quantize.gptsovits import unpickle
from quantize.gptsovits.config import CODE_DIM, MRTE_DIM, N_CODES, Reader, read_sovits, read_t2s
from quantize.gptsovits.errors import CheckpointRefused
from quantize.gptsovits.sovits import Sovits
from quantize.gptsovits.t2s import TextToSemantic

Version = Literal["v1", "v2", "v2Pro", "v2ProPlus"]

SYMBOLS: Mapping[Version, int] = {"v1": 322, "v2": 732, "v2Pro": 732, "v2ProPlus": 732}
"""How many phonemes a version's table has."""

SPECTRUM_BINS: Mapping[Version, int] = {"v1": 1025, "v2": 704, "v2Pro": 704, "v2ProPlus": 704}
"""How many the reference encoder sees, from the lowest on."""

PRO: tuple[Version, ...] = ("v2Pro", "v2ProPlus")
PRO_WIDTHS: Mapping[int, Version] = {512: "v2Pro", 768: "v2ProPlus"}
"""By the decoder's first layer."""

NOT_AN_EDGE_TARGET = (
    "is a {found} checkpoint: it makes sound with a flow-matching transformer of 337 M parameters that runs 8 to 32 times a"
    " sentence and cannot stream, which is out of a small device's reach; take the same voice trained as v2, v2Pro or v2ProPlus"
)

_ABSENT = torch.empty(1)
"""Of a shape that nothing has."""

_NORMALISATION = {"weight": "gamma", "bias": "beta"}

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Stage1:
    """``model`` in float32 with the weights; ``family`` is v1, or v2 for that and the Pro models, which share it."""

    model: TextToSemantic
    family: Literal["v1", "v2"]
    sha256: str


@dataclass(frozen=True, slots=True)
class Stage2:
    """``model`` in float32, weight norm folded."""

    model: Sovits
    version: Version
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Both halves of a voice."""

    t2s: TextToSemantic
    sovits: Sovits
    version: Version
    sha256: tuple[str, str]


def load(s1: Path, s2: Path) -> Checkpoints:
    """Read both and see that they belong together.

    Raises:
        CheckpointRefused: one of them is damaged, hostile, of a version that is not supported, or they do not fit.
    """
    first, second = load_stage1(s1), load_stage2(s2)
    if first.family != second.version[:2]:
        raise CheckpointRefused(
            s1.name, f"is of {first.family}, but {s2.name} is of {second.version}: they number phonemes differently and do not fit"
        )
    return Checkpoints(first.model, second.model, second.version, (first.sha256, second.sha256))


def load_stage1(path: Path) -> Stage1:
    """Read a text-to-semantic checkpoint (``.ckpt``).

    Raises:
        CheckpointRefused: see :func:`load`.
    """
    source = path.name
    content, _ = _content(path)
    if not any(name.startswith("model.") for name in content["weight"]):
        raise CheckpointRefused(source, "holds no text-to-semantic model; the first stage is the .ckpt file, the second the .pth")
    weights = {name.removeprefix("model."): value for name, value in content["weight"].items()}
    config = read_t2s(source, content.get("config"), ffn=weights.get("h.layers.0.linear1.bias", _ABSENT).numel())
    with torch.device("meta"):
        model = TextToSemantic(config)
    _fill(source, model, weights)
    # The first version's table has 322 phonemes, but its embedding 512 rows.
    return Stage1(model.eval(), "v1" if config.phones < SYMBOLS["v2"] else "v2", sha256_of(path))


def load_stage2(path: Path) -> Stage2:
    """Read a SoVITS checkpoint (``.pth``), with or without its training-only parts.

    Raises:
        CheckpointRefused: see :func:`load`.
    """
    source = path.name
    content, header = _content(path)
    weights = _fold_weight_norm(source, content["weight"])
    version = _version(source, content, weights, header)
    sizes = read_sovits(source, content.get("config"), phones=SYMBOLS[version], spec_bins=SPECTRUM_BINS[version], pro=version in PRO)
    if not sizes.pro and sizes.speaker != MRTE_DIM:
        raise CheckpointRefused(source, f"config model.gin_channels is {sizes.speaker}, which only {MRTE_DIM} can be in {version}")
    with torch.device("meta"):
        model = Sovits(sizes)
    weights["codebook"] = weights.get("quantizer.vq.layers.0._codebook.embed", _ABSENT)
    if weights["codebook"].shape != (N_CODES, CODE_DIM):
        raise CheckpointRefused(source, f"its codebook has the shape {tuple(weights['codebook'].shape)}, expected {(N_CODES, CODE_DIM)}")
    _fill(source, model, weights)
    return Stage2(model.eval(), version, sha256_of(path))


def _content(path: Path) -> tuple[dict[str, Any], str]:
    raw = unpickle.read(path)
    content = raw.content
    if not isinstance(content, dict) or not isinstance(content.get("weight"), dict) or not content["weight"]:
        raise CheckpointRefused(
            path.name, "holds no 'weight'; give the file that was saved for inference (GPT_weights, SoVITS_weights), not training's own"
        )
    if not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in content["weight"].items()):
        raise CheckpointRefused(path.name, "'weight' holds something else than named tensors")
    return content, raw.header


def _version(source: str, content: Mapping[str, Any], weights: Weights, header: str) -> Version:
    """Tensors tell; the header and the config only name what tensors cannot tell apart."""
    if "lora_rank" in content or header in ("v3", "v3 LoRA", "v4 LoRA") or any(name.startswith("cfm.") for name in weights):
        raise CheckpointRefused(source, NOT_AN_EDGE_TARGET.format(found=header or "v3 or v4"))
    rows = _rows(source, weights, "enc_p.text_embedding.weight")
    if "sv_emb.weight" in weights:
        named = header or Reader(source, content.get("config"), "model").text("version")
        other = "v2ProPlus" if named == "v2ProPlus" else "v2Pro"
        version = PRO_WIDTHS.get(_rows(source, weights, "dec.conv_pre.weight"), other)
    else:
        version = "v1" if rows == SYMBOLS["v1"] else "v2"
    if rows != SYMBOLS[version]:
        raise CheckpointRefused(source, f"knows {rows} phonemes, expected {SYMBOLS['v1']} (v1) or {SYMBOLS['v2']} (v2 and later)")
    first = weights.get("ref_enc.spectral.0.fc.weight")
    if first is not None and first.dim() == 2 and (bins := first.shape[1]) != SPECTRUM_BINS[version]:
        raise CheckpointRefused(source, f"has the phonemes of {version} but a reference encoder of {bins} bins, which is another version's")
    return version


def _rows(source: str, weights: Weights, name: str) -> int:
    if name not in weights or not weights[name].dim():
        raise CheckpointRefused(source, f"{name} is missing: no SoVITS checkpoint; the second stage is the .pth file, the first the .ckpt")
    return weights[name].shape[0]


def _fold_weight_norm(source: str, weights: Weights) -> dict[str, Tensor]:
    """w = g v / ||v||, the norm over all but the first dimension, of every pair; everything else as it is."""
    folded = {}
    for name, value in weights.items():
        stem, _, kind = name.rpartition("_")
        if kind == "g" and stem.endswith(".weight"):
            if f"{stem}_v" not in weights:
                raise CheckpointRefused(source, f"{stem}_v is missing, half of a weight norm")
        elif kind == "v" and stem.endswith(".weight"):
            gain, v = weights.get(f"{stem}_g"), value
            if gain is None or gain.shape != (v.shape[0], *[1] * (v.dim() - 1)) or v.dim() < 2:
                raise CheckpointRefused(source, f"{stem}_g is missing or does not fit {stem}_v of shape {tuple(v.shape)}")
            v = v.float()
            folded[stem] = gain.float() * v / v.flatten(1).norm(dim=1).reshape(gain.shape)
        else:
            folded[name] = value
    return folded


def _fill(source: str, model: nn.Module, weights: Weights) -> None:
    """Give ``model``, which is on the meta device, its weights in float32.

    Raises:
        CheckpointRefused: one is missing, of another shape, or not finite.
    """
    wanted = model.state_dict()
    stored = {name: weights.get(_stored_name(name, weights)) for name in wanted}
    missing = [name for name, value in stored.items() if value is None]
    if missing:
        raise CheckpointRefused(source, f"{len(missing)} of {len(wanted)} tensors are missing, the first is {missing[0]}")
    filled = {}
    for name, value in stored.items():
        # A convolution over one position is a matrix here.
        pointwise = value.squeeze(-1) if value.dim() == 3 and value.shape[-1] == 1 and wanted[name].dim() == 2 else value
        if pointwise.shape != wanted[name].shape:
            raise CheckpointRefused(source, f"{name} has the shape {tuple(value.shape)}, its config says {tuple(wanted[name].shape)}")
        if not value.is_floating_point():
            raise CheckpointRefused(source, f"{name} is of {value.dtype}, expected floating point")
        filled[name] = pointwise.to(torch.float32, copy=True).contiguous()
        if not filled[name].isfinite().all():
            raise CheckpointRefused(source, f"{name} holds numbers that are not finite: training went wrong, take an earlier checkpoint")
    model.load_state_dict(filled, assign=True)
    model.requires_grad_(requires_grad=False)


def _stored_name(name: str, weights: Weights) -> str:
    """The second stage calls a normalisation's weight and bias gamma and beta."""
    stem, _, last = name.rpartition(".")
    other = f"{stem}.{_NORMALISATION.get(last, last)}"
    return other if name not in weights and other in weights else name
