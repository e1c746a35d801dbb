"""Sessions run where they say they run."""

from __future__ import annotations

import os

import onnxruntime
import pytest

from edge_agent.synthesis import Runtime, SynthesisError, load_engine
from edge_agent.synthesis.runtime import CPU, CUDA, TENSORRT


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


class Listed:
    """ONNX Runtime as a GPU build with faults; sessions are made on the processor all the same."""

    def __init__(self, monkeypatch, providers, used=None, refuses_graphs=False) -> None:
        self.chains = []
        create = onnxruntime.InferenceSession

        def session(path, options, providers):
            self.chains.append(providers)
            if refuses_graphs and any(each.get("enable_cuda_graph") == "1" for _, each in providers):
                raise RuntimeError("cannot use the graph capture feature")
            made = create(path, options, providers=[CPU])
            return type("Made", (), {"get_providers": lambda _: [used or providers[0][0], CPU], "run": made.run,
                                     "get_inputs": made.get_inputs, "io_binding": made.io_binding,
                                     "run_with_iobinding": made.run_with_iobinding})()

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(providers))
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)


def test_a_fallback_in_silence_is_put_in_words(made_voice, monkeypatch):
    Listed(monkeypatch, (CUDA, CPU), used=CPU)
    runtime = Runtime("cuda", 1)
    runtime.session(made_voice / "text.cpu.onnx")
    assert runtime.degraded
    assert runtime.why == "ONNX Runtime could not start CUDA and took the processor without saying so"


def test_a_graph_that_cannot_be_recorded_runs_without(made_voice, monkeypatch):
    listed = Listed(monkeypatch, (CUDA, CPU), refuses_graphs=True)
    runtime = Runtime("cuda", 1)
    ortvalue = onnxruntime.OrtValue.ortvalue_from_shape_and_type
    monkeypatch.setattr(onnxruntime.OrtValue, "ortvalue_from_shape_and_type", lambda shape, kind, device, number: ortvalue(shape, kind))
    shapes = {"x": (1, 8, 53), "source": (1, 24, 400), "noise": (1, 24, 402)}
    runtime.fixed_session(made_voice / "decoder.cpu.onnx", {"frames": 8, "sub_frames": 24}, shapes, {"audio": (1, 24, 400)})
    assert [dict(chain)[CUDA]["enable_cuda_graph"] for chain in listed.chains] == ["1", "0"]


def test_a_gpu_without_room_for_the_buffers_can_be_fallen_back_from(made_voice, monkeypatch):
    """As on a build that lists CUDA on a computer where nothing can be allocated on it: this one."""
    Listed(monkeypatch, (CUDA, CPU))
    shapes = {"x": (1, 8, 53), "source": (1, 24, 400), "noise": (1, 24, 402)}
    with pytest.raises(SynthesisError, match="no room") as caught:
        Runtime("cuda", 1).fixed_session(
            made_voice / "decoder.cpu.onnx", {"frames": 8, "sub_frames": 24}, shapes, {"audio": (1, 24, 400)}
        )  # fmt: skip
    assert caught.value.retryable


class TestTensorRT:
    def test_a_graph_with_a_size_of_another_name(self, made_voice, monkeypatch):
        Listed(monkeypatch, (TENSORRT, CUDA, CPU))
        with pytest.raises(SynthesisError, match=r"text\.cpu\.onnx cannot be loaded: 'tokens'") as caught:
            Runtime("tensorrt", 1).session(made_voice / "text.cpu.onnx", {"frames": (1, 2, 3)})
        assert caught.value.retryable

    def test_no_graph(self, tmp_path, monkeypatch):
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CPU])
        (tmp_path / "graph.onnx").write_bytes(b"no graph")
        with pytest.raises(SynthesisError, match="cannot be loaded"):
            Runtime("tensorrt", 1).session(tmp_path / "graph.onnx", {"tokens": (1, 2, 3)})

    def test_no_place_for_what_it_builds(self, made_voice, tmp_path, monkeypatch):
        Listed(monkeypatch, (TENSORRT, CUDA, CPU))
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(SynthesisError, match=r"cannot be loaded: .*Not a directory") as caught:
            Runtime("tensorrt", 1, cache_dir=tmp_path / "file" / "voice").session(made_voice / "text.cpu.onnx")
        assert caught.value.retryable


def test_the_graphs_of_a_voice_share_its_memory(made_voice, monkeypatch):
    listed = Listed(monkeypatch, (CUDA, CPU))
    monkeypatch.setattr("edge_agent.synthesis.mobilesovits.engine.find_gpu", lambda: None)
    ortvalue = onnxruntime.OrtValue.ortvalue_from_shape_and_type
    monkeypatch.setattr(onnxruntime.OrtValue, "ortvalue_from_shape_and_type", lambda shape, kind, device, number: ortvalue(shape, kind))
    runtime = Runtime("cuda", 1, gpu_memory_bytes=400 << 20, variant="cpu")
    engine = load_engine(made_voice, runtime)
    engine.check()
    engine.close()
    limits = [int(dict(chain)[CUDA]["gpu_mem_limit"]) for chain in listed.chains]
    assert len(limits) == 4, "text, prosody, and the decoder for two sizes of window"
    assert (400 << 20) - len(limits) <= sum(limits) <= 400 << 20


def test_what_cuda_compiles_goes_into_the_cache(tmp_path, monkeypatch):
    Listed(monkeypatch, (CUDA, CPU))
    monkeypatch.delenv("CUDA_CACHE_PATH", raising=False)
    Runtime("cuda", 1, cache_dir=tmp_path / "engines" / "voice")
    assert os.environ["CUDA_CACHE_PATH"] == str(tmp_path / "engines" / "cuda")
