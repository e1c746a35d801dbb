"""A Kokoro small enough for a test, in the form of the public int8 export."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from distill.teachers._kokoro_graph import dequantize
from distill.teachers.kokoro_torch import Kokoro, KokoroConfig

TINY = KokoroConfig(
    hidden=16, bert_embedding=8, bert_hidden=12, bert_inner=20, bert_heads=2, bert_layers=3, decoder=32, text_residual=4,
)
LAYER = "bert.encoder.albert_layer_groups.0.albert_layers.0"
NAMES = (
    (r"^bert\.(word|position|type)s\.", r"bert.embeddings.\1_embeddings."),
    ("type_embeddings", "token_type_embeddings"),
    (r"^bert\.norm\b", "bert.embeddings.LayerNorm"),
    (r"^bert\.widen\b", "bert.encoder.embedding_hidden_mapping_in"),
    (r"^bert\.layer\.attention_norm\b", f"{LAYER}.attention.LayerNorm"),
    (r"^bert\.layer\.norm\b", f"{LAYER}.full_layer_layer_norm"),
    (r"^bert\.layer\.(query|key|value|dense)\b", rf"{LAYER}.attention.\1"),
    (r"^bert\.layer\b", LAYER),
    (r"duration_proj\b", "duration_proj.linear_layer"),
    (r"asr_res\b", "asr_res.0"),
    (r"(cnn\.\d\.1)\.weight$", r"\1.gamma"),
    (r"(cnn\.\d\.1)\.bias$", r"\1.beta"),
)


class Writer:
    """Nodes and initializers of an export; the nodes are there to be found by name, not to be run."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def keep(self, name: str, values: np.ndarray, *, used: bool = False) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        if used:
            self.nodes.append(helper.make_node("Add", ["x", name], [f"{name}_used"]))
        return name

    def node(self, kind: str, path: str, inputs: list[str], **attributes) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [f"{path}_output"], name=path, **attributes))


def tiny_kokoro(seed: int = 0) -> Kokoro:
    """With weights by chance that eight bits hold exactly."""
    chance = torch.Generator().manual_seed(seed)
    model = Kokoro(TINY)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = torch.randint(-127, 128, parameter.shape, generator=chance) / 1024
            drawn.view(-1)[0] = 127 / 1024
            parameter.copy_(drawn if "alpha" not in name else drawn.abs() + 0.5)
        model.predictor.F0_proj.bias.fill_(150.0)
    return model.eval()


def export(model: Kokoro) -> onnx.ModelProto:
    """As the public export is: int8 products and convolutions, weights without names, paths in the names of nodes."""
    writer = Writer()
    named = dict(model.named_modules())
    for name, module in named.items():
        _module(writer, name, module)
    for name, parameter in model.named_parameters():
        owner, kind = name.rpartition(".")[::2]
        if "alpha" in name or (kind in ("weight", "bias") and not isinstance(named[owner], nn.LSTM | nn.Embedding) and parameter.ndim == 1):
            writer.keep(_original(name), parameter.detach().numpy(), used=True)
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])]
    unique = {tensor.name: tensor for tensor in writer.stored}
    return helper.make_model(helper.make_graph(writer.nodes, "export", inputs, [], list(unique.values())))


def teacher_folder(folder: Path, model: Kokoro, symbols: str) -> Path:
    """What the assemble command would make of such an export."""
    folder.mkdir()
    graph = dequantize(export(model))
    onnx.save(graph, folder / "full.onnx")
    onnx.save(graph, folder / "text.onnx")
    (folder / "vocab.json").write_text(json.dumps({symbol: n for n, symbol in enumerate(symbols, 1)}), "utf-8")
    np.savez(folder / "voices.npz", one=np.random.default_rng(0).normal(0, 0.3, (510, 256)).astype(np.float32))
    return folder


def _module(writer: Writer, name: str, module: nn.Module) -> None:
    path = _path(name)
    if isinstance(module, nn.Embedding):
        _embedding(writer, _original(f"{name}.weight"), path, module)
    elif isinstance(module, nn.LSTM):
        _lstm(writer, f"{path}/LSTM_quant", module)
    elif isinstance(module, nn.ConvTranspose1d) or name.endswith("conv_post"):
        kind = type(module).__name__.removesuffix("1d")
        writer.node(kind, f"{path}/Conv", ["x", writer.keep(f"/m/{name}", module.weight.detach().numpy())])
    elif isinstance(module, nn.Conv1d):
        _product(writer, "ConvInteger", f"{path}/Conv_quant", f"/m/{name}", module.weight.detach().numpy(), np.float32(1 / 1024))
    elif name.endswith("l_linear"):
        writer.node("MatMul", f"{path}/MatMul", ["x", writer.keep("onnx::l", module.weight.detach().numpy().T)])
    elif isinstance(module, nn.Linear):
        scales = np.full(module.out_features, 1 / 1024, np.float32)
        for again in range(2 if ".layer." in name else 1):  # ALBERT's passes are nodes of their own
            node = f"{path}_{again}" if again else path
            _product(writer, "MatMulInteger", f"{node}/MatMul_quant", f"onnx::{name}", module.weight.detach().numpy().T, scales)


def _product(writer: Writer, kind: str, path: str, weight: str, values: np.ndarray, scale: np.ndarray) -> None:
    whole = np.round(values / scale).astype(np.int8)
    zero = np.zeros(np.shape(scale), np.int8)
    names = [writer.keep(f"{weight}_{part}", each) for part, each in (("quantized", whole), ("zero_point", zero))]
    writer.keep(f"{weight}_scale", np.asarray(scale), used=True)
    writer.node(kind, path, ["x", names[0], "x", names[1]])


def _embedding(writer: Writer, name: str, path: str, module: nn.Embedding) -> None:
    whole = np.round(module.weight.detach().numpy() * 1024).astype(np.int8)
    writer.keep(f"{name}_scale", np.float32(1 / 1024), used=True)
    writer.node("Gather", f"{path}/Gather_quant", [writer.keep(f"{name}_quantized", whole), "x"])


def _lstm(writer: Writer, path: str, module: nn.LSTM) -> None:
    def gates(name: str, suffix: str) -> np.ndarray:
        i, f, c, o = np.split(getattr(module, f"{name}_l0{suffix}").detach().numpy(), 4)
        return np.concatenate([i, o, f, c])

    both = ("", "_reverse")
    quantized = {
        part: np.stack([np.round(gates(f"weight_{kind}", suffix) * 1024).astype(np.int8).T for suffix in both])
        for part, kind in (("W", "ih"), ("R", "hh"))
    }
    bias = np.stack([np.concatenate([gates("bias_ih", suffix), gates("bias_hh", suffix)]) for suffix in both])
    scale, zero = writer.keep(f"{path}_s", np.full(2, 1 / 1024, np.float32)), writer.keep(f"{path}_z", np.zeros(2, np.int8))
    whole = [writer.keep(f"{path}_{part}q", values) for part, values in quantized.items()]
    inputs = ["x", *whole, writer.keep(f"{path}_B", bias), "", "", "", "", scale, zero, scale, zero]
    writer.node("DynamicQuantizeLSTM", path, inputs, direction="bidirectional", hidden_size=module.hidden_size)


def _original(name: str) -> str:
    for pattern, instead in NAMES:
        name = re.sub(pattern, instead, name)
    return f"{'decoder.' if name.startswith('decoder.') else 'encoder.'}{name}"


def _path(name: str) -> str:
    """``text_encoder.cnn.0.1`` has nodes in ``/encoder/text_encoder/cnn.0/cnn.0.1``."""
    parts = re.sub(r"^encoder\.predictor\.(F0|N|shared)", r"encoder.\1", _original(name)).split(".")
    return "/" + "/".join(_joined(parts))


def _joined(parts: list[str]) -> Iterator[str]:
    """A number belongs to what is before it; a second one repeats the first."""
    shown = ""
    for n, part in enumerate(parts):
        shown = f"{shown}.{part}" if part.isdigit() else part
        followed = n + 1 < len(parts) and parts[n + 1].isdigit()
        if not followed or part.isdigit() or part == "asr_res":
            yield shown
