"""Small random voices in the files that GPT-SoVITS writes, of any size."""

from __future__ import annotations

import sys
import types
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from quantize.gptsovits.config import read_sovits, read_t2s
from quantize.gptsovits.sovits import Sovits
from quantize.gptsovits.t2s import TextToSemantic

S1_MODEL = {
    "vocab_size": 1025, "phoneme_vocab_size": 732, "embedding_dim": 32, "hidden_dim": 32, "head": 4, "linear_units": 7, "n_layer": 2,
    "dropout": 0, "EOS": 1024, "random_bert": 0,
}  # fmt: skip
S2_MODEL = {
    "inter_channels": 16, "hidden_channels": 24, "filter_channels": 20, "n_heads": 2, "n_layers": 2, "kernel_size": 3, "p_dropout": 0.1,
    "resblock": "1", "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 2]], "upsample_rates": [5, 4, 2],
    "upsample_kernel_sizes": [9, 8, 2], "upsample_initial_channel": 24, "gin_channels": 512, "semantic_frame_rate": "25hz",
    "version": "v2",
}  # fmt: skip
S2_DATA = {"sampling_rate": 32000, "filter_length": 2048, "hop_length": 40, "win_length": 2048}
HEADERS = {"v2Pro": b"05", "v2ProPlus": b"06"}


class HParams:
    """Stands in for the original's container of a config, under the name its files give it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, name, HParams(value) if isinstance(value, dict) else value)


HParams.__module__, HParams.__qualname__ = "utils", "HParams"


def save(path: Path, content: Any) -> Path:
    """As ``torch.save`` writes it, whatever it holds."""
    module, before = types.ModuleType("utils"), sys.modules.get("utils")
    module.HParams = HParams
    sys.modules["utils"] = module
    try:
        torch.save(content, path)
    finally:
        if before is None:
            del sys.modules["utils"]
        else:
            sys.modules["utils"] = before
    return path


def s1_content(seed: int = 1, **model: Any) -> dict[str, Any]:
    """Of a text-to-semantic checkpoint."""
    config = {"model": {**S1_MODEL, **model}, "data": {"max_sec": 54}, "train": {"seed": seed}}
    width = config["model"]["hidden_dim"]
    weights = _random(TextToSemantic(read_t2s("rig", config, ffn=4 * width)), seed)
    return OrderedDict(
        weight=OrderedDict((f"model.{name}", value.half()) for name, value in weights.items()), config=config, info="GPT-e1"
    )


def s2_content(version: str = "v2", seed: int = 2, **model: Any) -> dict[str, Any]:
    """Of a SoVITS checkpoint, weight norm not folded."""
    pro = version.startswith("v2Pro")
    sizes = {**S2_MODEL, "version": version, **({"gin_channels": 20} if pro else {}), **model}
    config = {"model": sizes, "data": S2_DATA, "train": {"betas": [0.8, 0.99]}, "version": version}
    bins, phones = (1025, 322) if version == "v1" else (704, 732)
    weights = _random(Sovits(read_sovits("rig", config, phones=phones, spec_bins=bins, pro=pro)), seed)
    stored: dict[str, Tensor] = OrderedDict()
    for name, value in weights.items():
        stored.update(_as_stored(name, value))
    stored["quantizer.vq.layers.0._codebook.embed_avg"] = torch.zeros(1024, 768)
    stored["enc_q.pre.weight"] = torch.zeros(3, 3)
    return OrderedDict(
        weight=OrderedDict((name, value.half()) for name, value in stored.items()), config=HParams(config), info="1epoch_1iteration"
    )


def write_s1(path: Path, seed: int = 1, **model: Any) -> Path:
    return save(path, s1_content(seed, **model))


def write_s2(path: Path, version: str = "v2", seed: int = 2, **model: Any) -> Path:
    """With the version over the first two bytes where the original writes it there."""
    save(path, s2_content(version, seed, **model))
    if version in HEADERS:
        path.write_bytes(HEADERS[version] + path.read_bytes()[2:])
    return path


def _random(model: torch.nn.Module, seed: int) -> dict[str, Tensor]:
    """Weights that keep signals near 1 through any depth."""
    noise = torch.Generator().manual_seed(seed)
    drawn = {}
    for name, value in model.state_dict().items():
        fan = value[0].numel() if value.dim() > 1 else 1
        table = any(word in name for word in ("embed", "codebook", "emb_rel"))
        scale = 0.1 if value.dim() == 1 else 1.0 if table else fan**-0.5
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        drawn[name] = torch.randn(value.shape, generator=noise) * scale + centre
    return drawn


def _as_stored(name: str, value: Tensor) -> dict[str, Tensor]:
    """One of our tensors as the original stores it."""
    parts = name.split(".")
    if name == "codebook":
        return {"quantizer.vq.layers.0._codebook.embed": value}
    if "norm_layers" in name:
        return {".".join([*parts[:-1], {"weight": "gamma", "bias": "beta"}[parts[-1]]]): value}
    pointwise = parts[-2].startswith("cond") or (parts[0] == "enc_p" and "embedding" not in name)
    if parts[-1] == "weight" and value.dim() == 2 and pointwise:
        value = value[..., None]
    normed = parts[:2] in (["dec", "ups"], ["dec", "resblocks"]) or (parts[0] == "flow" and "enc" in parts)
    if normed and parts[-1] == "weight":
        gain = value.flatten(1).norm(dim=1).reshape(-1, *[1] * (value.dim() - 1))
        return {f"{name}_g": gain, f"{name}_v": value * 0.7}
    return {name: value}
