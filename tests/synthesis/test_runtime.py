"""Sessions run where they say they run."""

from __future__ import annotations

import onnxruntime
import pytest

from edge_agent.synthesis import Runtime, SynthesisError
from edge_agent.synthesis.runtime import CPU, CUDA


def test_processor(made_voice):
    runtime = Runtime("cpu", 1)
    runtime.session(made_voice / "text.cpu.onnx")
    assert (runtime.provider, runtime.degraded) == (CPU, False)


def test_auto_takes_what_is_there(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    assert Runtime("auto", 1).provider == CPU


def test_cuda_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    with pytest.raises(SynthesisError, match="CUDA was demanded"):
        Runtime("cuda", 1)


def test_a_provider_that_is_listed_but_does_not_come_is_noticed(made_voice, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    create = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda path, options, providers: create(path, options, providers=[CPU]))
    runtime = Runtime("auto", 1)
    assert runtime.provider == CUDA
    runtime.session(made_voice / "text.cpu.onnx")
    assert (runtime.provider, runtime.degraded) == (CPU, True)


def test_no_graph(tmp_path):
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    with pytest.raises(SynthesisError, match="cannot be loaded"):
        Runtime("cpu", 1).session(tmp_path / "graph.onnx")


def test_inputs_the_graph_does_not_know(made_voice):
    with pytest.raises(SynthesisError, match="inference failed") as caught:
        Runtime("cpu", 1).session(made_voice / "text.cpu.onnx").run({})
    assert caught.value.retryable
