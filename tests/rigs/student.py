"""A student that never learned anything: every weight drawn by chance, so that nothing folds away by being zero."""

from __future__ import annotations

import math
from pathlib import Path

import onnx
import torch

from distill.student import MobileSoVITS, StudentConfig
from distill.train import checkpoint
from quantize.checkpoint import Student
from quantize.export import GRAPHS, export
from quantize.graph import FloatGraph
from quantize.variants import Recipe, build
from quantize.weights import WeightFile

PHONEMES = "ni↓xau↓, ðə tɹˈAn tə bˈAdʒɪŋ ɪz bˈɔɹdɪŋ."

TINY = StudentConfig(
    text_dim=48,
    text_hidden=144,
    text_blocks=3,
    attention_after=(0, 2),
    duration_blocks=1,
    prosody_dim=48,
    prosody_hidden=96,
    prosody_blocks=2,
    decoder_dim=64,
    decoder_hidden=192,
    decoder_blocks=4,
)
CONTEXT_FRAMES = 12


def random_student(config: StudentConfig = TINY, seed: int = 0) -> Student:
    """A student whose phonemes last about 50 ms each."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = MobileSoVITS(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".film." in name:
                parameter.normal_(0, 0.3)
            elif name.endswith(".scale"):
                parameter.uniform_(0.05, 0.3)
        model.decoder.out.weight.mul_(5)  # a voice that changes all the time
        bins, bands = model.config.bins, model.config.head_bands
        model.decoder.out.bias.view(model.config.sub_frames, bins + 3 * bands)[:, :bins].fill_(-2.5)  # and does not clip
        model.text.duration.weight.mul_(0.1)
        model.text.duration.bias.fill_(math.log(2))
        model.prosody.out.weight.mul_(0.3)
        model.prosody.out.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
    speaker = torch.randn(model.config.speaker_dim)
    return Student(model, speaker / speaker.norm(), 7, "0" * 64)


def save(student: Student, path: Path, /, **changes: object) -> Path:
    """Write ``student`` as the training writes it, with ``changes`` to the state."""
    weights = student.model.state_dict()
    state = {
        "step": student.step,
        "student": student.model.config.to_dict(),
        "speaker": student.speaker,
        "cloned_from": None,
        "model": weights,
        "average": weights,
    }
    checkpoint.save(path, {**state, **changes})
    return path


def float_graphs(student: Student, folder: Path) -> list[FloatGraph]:
    """Its exported graphs."""
    export(student.model, student.speaker, folder)
    return [FloatGraph.of(name, onnx.load(folder / f"{name}.onnx")) for name in GRAPHS]


def float_models(graphs: list[FloatGraph]) -> tuple[dict[str, onnx.ModelProto], bytes]:
    """The graphs with nothing quantized, and the content of their weight file."""
    weights = WeightFile()
    models = {graph.name: build(graph, "gpu", Recipe({}, half_storage=False), weights) for graph in graphs}
    return models, weights.to_bytes()
