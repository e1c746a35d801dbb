"""What the providers are asked for."""

from __future__ import annotations

import onnxruntime

from edge_agent.synthesis.providers.names import CPU, CUDA, TENSORRT
from edge_agent.synthesis.providers.options import profiles, provider_options
from edge_agent.voices.catalog import BUILT_IN

MEMORY = 100 << 20


def test_each_has_those_behind_it_that_take_over_what_it_cannot_do(tmp_path) -> None:
    for provider, chain in ((CPU, [CPU]), (CUDA, [CUDA, CPU]), (TENSORRT, [TENSORRT, CUDA, CPU])):
        assert [name for name, _ in provider_options(provider, gpu_memory_bytes=MEMORY, cache_dir=tmp_path / "voice")] == chain


def test_only_the_first_records_a_graph(tmp_path) -> None:
    chain = dict(provider_options(TENSORRT, gpu_memory_bytes=MEMORY, cache_dir=tmp_path / "voice", cuda_graph=True))
    assert (chain[TENSORRT]["trt_cuda_graph_enable"], chain[CUDA]["enable_cuda_graph"]) == ("1", "0")
    assert dict(provider_options(CUDA, gpu_memory_bytes=MEMORY, cache_dir=None, cuda_graph=True))[CUDA]["enable_cuda_graph"] == "1"


def test_no_more_memory_than_a_graph_was_given() -> None:
    alone = dict(provider_options(CUDA, gpu_memory_bytes=MEMORY, cache_dir=None))[CUDA]
    assert int(alone["gpu_mem_limit"]) == MEMORY
    both = dict(provider_options(TENSORRT, gpu_memory_bytes=MEMORY, cache_dir=None))
    assert int(both[TENSORRT]["trt_max_workspace_size"]) == MEMORY / 2
    assert int(both[TENSORRT]["trt_max_workspace_size"]) + int(both[CUDA]["gpu_mem_limit"]) == MEMORY


def test_engines_lie_with_the_voice_and_timings_beside_all_voices(tmp_path) -> None:
    options = dict(provider_options(TENSORRT, gpu_memory_bytes=MEMORY, cache_dir=tmp_path / "voice"))[TENSORRT]
    assert options["trt_engine_cache_path"] == str(tmp_path / "voice" / "tensorrt")
    assert options["trt_timing_cache_path"] == str(tmp_path / "cuda" / "timing")
    assert (tmp_path / "voice" / "tensorrt").stat().st_mode & 0o777 == 0o700


def test_without_a_folder_nothing_is_kept() -> None:
    options = dict(provider_options(TENSORRT, gpu_memory_bytes=MEMORY, cache_dir=None))[TENSORRT]
    assert not [name for name in options if "cache" in name]


def test_every_value_is_text(tmp_path) -> None:
    shapes = {"trt_profile_min_shapes": "ids:1x1"}
    for _, options in provider_options(TENSORRT, gpu_memory_bytes=MEMORY, cache_dir=tmp_path / "voice", profiles=shapes):
        assert all(isinstance(value, str) for value in options.values())


def test_profiles_of_the_voice_that_ships() -> None:
    session = onnxruntime.InferenceSession(str(BUILT_IN / "prosody.trt.onnx"), providers=[CPU])
    inputs = [(each.name, each.shape) for each in session.get_inputs()]
    assert profiles(inputs, {"frames": (2, 320, 8192)}) == {
        "trt_profile_min_shapes": "expanded:1x2x194",
        "trt_profile_opt_shapes": "expanded:1x320x194",
        "trt_profile_max_shapes": "expanded:1x8192x194",
    }
