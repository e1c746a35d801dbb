"""Student to three ONNX graphs: text, prosody, decoder."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from distill.student.model import MobileSoVITS
from quantize.fold import DecoderGraph, ProsodyGraph, TextGraph

OPSET = 20
GRAPHS = ("text", "prosody", "decoder")


def export(model: MobileSoVITS, speaker: Tensor, folder: Path) -> None:
    """Write ``text.onnx``, ``prosody.onnx`` and ``decoder.onnx`` (float32, free lengths) for one speaker's voice.

    Args:
        speaker: unit-norm float32 [speaker_dim]; it is folded into the weights and cannot be read back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.float().eval()
    config = model.config
    with torch.no_grad():
        condition = model.condition(speaker[None])[0]
        text, prosody, decoder = (graph(model, condition).eval() for graph in (TextGraph, ProsodyGraph, DecoderGraph))
        frames, sub = 48, config.sub_frames
        expanded = torch.randn(1, frames, config.text_dim + 2)
        sources = torch.randn(1, frames * sub, config.head_fft)
        noise = torch.randn(1, frames * sub, 2 * config.bins)
        _write(text, (torch.ones(1, 24, dtype=torch.long),), folder / "text.onnx", ["ids"], ["features", "units"], {"ids": {1: "tokens"}})
        _write(prosody, (expanded,), folder / "prosody.onnx", ["expanded"], ["prosody"], {"expanded": {1: "frames"}})
        inputs = (torch.randn(1, frames, config.text_dim + 5), sources, noise)
        axes = {"x": {1: "frames"}, "source": {1: "sub_frames"}, "noise": {1: "sub_frames"}}
        _write(decoder, inputs, folder / "decoder.onnx", ["x", "source", "noise"], ["audio"], axes)


def _write(
    graph: nn.Module, inputs: tuple[Tensor, ...], path: Path, names: list[str], outputs: list[str], axes: dict[str, dict[int, str]]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every shape it folds; the tests compare outputs at other lengths
        torch.onnx.export(
            graph, inputs, str(path), input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=OPSET, dynamo=False
        )
