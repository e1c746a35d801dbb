"""The torch model by its parts against what they stand for, and as a teacher. Against the real weights: benchmarks/teacher_backends.py."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import helper, numpy_helper

from distill.teachers import TeacherError
from distill.teachers._kokoro_graph import dequantize
from distill.teachers.kokoro import KokoroTeacher
from distill.teachers.kokoro_torch import Kokoro, WeightsError, read_weights
from distill.teachers.kokoro_torch.blocks import AdaptiveNorm, snake
from distill.teachers.kokoro_torch.source import HarmonicSource, inverse, spectrum
from tests.rigs.kokoro import TINY, export, teacher_folder, tiny_kokoro

IDS = torch.tensor([0, 5, 9, 2, 7, 7, 3, 0])
STYLE = torch.linspace(-0.5, 0.5, 256)


@pytest.fixture(scope="module")
def model():
    return tiny_kokoro()


@pytest.fixture(scope="module")
def graph(model):
    return dequantize(export(model))


@pytest.fixture
def folder(model, tmp_path, monkeypatch):
    monkeypatch.setattr("distill.teachers.kokoro_torch.Kokoro", lambda **options: Kokoro(TINY, **options))
    return teacher_folder(tmp_path / "teacher", model, "abc")


def test_the_export_gives_every_weight_back(model, graph, tmp_path):
    onnx.save(graph, tmp_path / "full.onnx")
    read = Kokoro(TINY).eval()
    read_weights(tmp_path / "full.onnx", read)
    for name, tensor in model.state_dict().items():
        assert torch.allclose(read.state_dict()[name], tensor, atol=1e-7), name
    with torch.inference_mode():
        assert torch.equal(read(IDS, STYLE).audio, model(IDS, STYLE).audio)


def test_an_lstm_is_that_of_onnx_runtime(model, graph):
    lstm = model.predictor.shared
    node = next(node for node in graph.graph.node if node.name == "/encoder/shared/LSTM_quant")
    stored = {tensor.name: tensor for tensor in graph.graph.initializer}
    given = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [6, 1, lstm.input_size])]
    wanted = [helper.make_empty_tensor_value_info(node.output[0])]
    alone = helper.make_graph([node], "lstm", given, wanted, [stored[name] for name in node.input[1:4]])
    session = ort.InferenceSession(
        helper.make_model(alone, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    x = np.random.default_rng(0).normal(size=(6, 1, lstm.input_size)).astype(np.float32)
    (expected,) = session.run(None, {"x": x})
    with torch.inference_mode():
        found = lstm(torch.from_numpy(x).transpose(0, 1))[0]
    assert np.allclose(found[0].numpy(), expected[:, :, 0].reshape(6, -1), atol=1e-6)


@pytest.mark.parametrize(("over_channels", "axis"), [(False, 2), (True, 1)])
def test_a_norm_takes_gain_and_bias_from_the_style(over_channels, axis):
    norm = AdaptiveNorm(4, 3, over_channels=over_channels)
    x, style = torch.randn(1, 3, 50, generator=torch.Generator().manual_seed(1)), torch.tensor([[1.0, -1, 0.5, 0]])
    gain, bias = norm.fc(style)[0].detach().chunk(2)
    plain = (x - x.mean(axis, keepdim=True)) / torch.sqrt(x.var(axis, keepdim=True, correction=0) + 1e-5)
    assert torch.allclose(norm(x, style).detach(), (1 + gain[:, None]) * plain + bias[:, None], atol=1e-5)


def test_snake_is_x_and_a_squared_sine():
    x = torch.linspace(-3, 3, 7)
    assert torch.allclose(snake(x, torch.tensor(2.0)), x + torch.sin(2 * x) ** 2 / 2)


def test_the_source_is_harmonics_of_f0_where_there_is_a_voice():
    source = HarmonicSource()
    with torch.no_grad():
        source.l_linear.weight.copy_(torch.eye(1, 9))
        source.l_linear.bias.zero_()
        wave = source(torch.cat([torch.full((1, 80), 200.0), torch.full((1, 20), 5.0)], 1))[0]
    voiced = np.abs(np.fft.rfft(np.arctanh(wave[:24_000].numpy()) * np.hanning(24_000)))
    assert voiced.argmax() == 200 and wave.shape == (30_000,) and wave[:24_000].abs().max() == pytest.approx(np.tanh(0.1), abs=1e-4)
    assert not wave[24_000:].any()


def test_a_wave_comes_back_from_its_spectrum():
    wave = torch.randn(1, 1500, generator=torch.Generator().manual_seed(0))
    found = spectrum(wave)
    assert found.shape == (1, 22, 301) and torch.allclose(inverse(found[:, :11], found[:, 11:]), wave, atol=1e-5)


def test_it_says_the_same_each_time_and_the_text_side_alone_agrees(model):
    text_side = Kokoro(TINY, with_audio=False).eval()
    text_side.load_state_dict({name: value for name, value in model.state_dict().items() if name in text_side.state_dict()})
    with torch.inference_mode():
        first, again, text = model(IDS, STYLE), model(IDS, STYLE), text_side(IDS, STYLE)
    assert torch.equal(first.audio, again.audio) and text.audio is None
    assert torch.equal(first.rounded, text.rounded) and torch.equal(first.f0_hz, text.f0_hz) and torch.equal(first.energy, text.energy)
    assert len(first.f0_hz) == len(first.energy) == 2 * first.rounded.sum() and len(first.audio) == 600 * first.rounded.sum()


def test_a_teacher_speaks_by_torch(folder, model):
    teacher = KokoroTeacher(folder, {"one": 1.0}, backend="torch")
    said = teacher.speak("abca")
    assert said.ids.tolist() == [0, 1, 2, 3, 1, 0] and len(said.audio) == 300 * said.frames.sum() and np.isfinite(said.audio).all()
    assert teacher.describe()["backend"] == "torch"
    alone = KokoroTeacher(folder, {"one": 1.0}, with_audio=False, backend="torch").speak("abca")
    assert alone.audio is None and np.array_equal(alone.f0_hz, said.f0_hz)


def test_where_no_gpu_is_it_says_so(folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TeacherError, match="torch finds no GPU; take cpu"):
        KokoroTeacher(folder, {"one": 1.0}, backend="torch", device="cuda")


@pytest.mark.parametrize(("backend", "device"), [("jax", "cpu"), ("onnx", "cuda"), ("torch", "tpu")])
def test_another_backend_or_device_is_refused(folder, backend, device):
    with pytest.raises(TeacherError, match=f"{backend if backend == 'jax' else device}"):
        KokoroTeacher(folder, {"one": 1.0}, backend=backend, device=device)


def test_another_graph_is_refused_with_what_it_lacks(graph, tmp_path):
    graph = onnx.ModelProto.FromString(graph.SerializeToString())
    shared = next(node for node in graph.graph.node if node.name == "/encoder/shared/LSTM_quant")
    graph.graph.node.remove(shared)
    onnx.save(graph, tmp_path / "full.onnx")
    with pytest.raises(WeightsError, match=r"lacks 8 of \d+ tensors, predictor.shared.bias_hh_l0 first"):
        read_weights(tmp_path / "full.onnx", Kokoro(TINY))


def test_weights_of_another_size_are_refused(graph, tmp_path):
    graph = onnx.ModelProto.FromString(graph.SerializeToString())
    name = "encoder.bert_encoder.bias"
    index = next(n for n, tensor in enumerate(graph.graph.initializer) if tensor.name == name)
    graph.graph.initializer[index].CopyFrom(numpy_helper.from_array(np.zeros(3, np.float32), name))
    onnx.save(graph, tmp_path / "full.onnx")
    with pytest.raises(WeightsError, match=r"bert_encoder.bias has the shape \(3,\), expected \(16,\)"):
        read_weights(tmp_path / "full.onnx", Kokoro(TINY))


def test_a_damaged_graph_is_a_teachers_error(folder):
    (folder / "full.onnx").write_bytes(b"\xff" * 100)
    with pytest.raises(TeacherError, match="damaged or another graph"):
        KokoroTeacher(folder, {"one": 1.0}, backend="torch")
