"""What each provider is asked for when a session is made.

Nothing here was run on a Jetson. The reasons: on Orin processor and GPU share one memory, so arenas grow by what is needed and
not by powers of two; a search for the best convolution would be repeated for every new length, as seconds of silence; vocoders
convolve along one axis only; an engine that TensorRT built is kept, because building it takes minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_agent.synthesis.providers.names import CPU, CUDA, TENSORRT

GPU_MEMORY_BYTES = 1 << 30
"""The most all graphs of a voice may take together, unless the configuration says otherwise."""
BUILDER_LEVEL = 2
"""Of 0 to 5: from 3 on, building on the device takes minutes more for little."""

Options = Mapping[str, str]
Range = tuple[int, int, int]
"""Least, usual and largest size of a free dimension."""


def provider_options(
    provider: str, *, gpu_memory_bytes: int, cache_dir: Path | None, cuda_graph: bool = False, profiles: Options | None = None
) -> list[tuple[str, dict[str, str]]]:
    """``provider`` and those that take over what it cannot do, each with its options, as ONNX Runtime wants them.

    Args:
        gpu_memory_bytes: the most the graph may take of the GPU's memory. With TensorRT one half is for what it computes with and the
            other for its kernels to work in, also while it tries them; the engine itself, as large as the weights, comes on top.
        cache_dir: where TensorRT keeps what it built of one voice; None for nowhere. What it learned of the GPU's kernels, which holds
            no weights, goes beside that folder and serves every voice.
        cuda_graph: launch the whole graph at once; its shapes must be fixed and its inputs and outputs stay where they are.
        profiles: from :func:`profiles`, for graphs with free dimensions.
    """
    chain: list[tuple[str, dict[str, str]]] = [(CPU, {})]
    if provider in {CUDA, TENSORRT}:
        workspace_bytes = gpu_memory_bytes // 2 if provider == TENSORRT else 0
        chain.insert(0, (CUDA, _cuda(gpu_memory_bytes - workspace_bytes, cuda_graph=cuda_graph and provider == CUDA)))
    if provider == TENSORRT:
        chain.insert(0, (TENSORRT, {**_tensorrt(workspace_bytes, cache_dir, cuda_graph=cuda_graph), **(profiles or {})}))
    return chain


def profiles(inputs: Sequence[tuple[str, Sequence[int | str | None]]], ranges: Mapping[str, Range]) -> dict[str, str]:
    """TensorRT's shape profiles for ``inputs`` (name, shape), whose free dimensions have names in ``ranges``.

    Without them the engine is built anew for each longer sentence, while somebody waits for it.
    """
    options = {}
    for index, extreme in enumerate(("min", "opt", "max")):
        shapes = ",".join(f"{name}:{'x'.join(str(_size(size, ranges, index)) for size in shape)}" for name, shape in inputs)
        options[f"trt_profile_{extreme}_shapes"] = shapes
    return options


def _size(size: int | str | None, ranges: Mapping[str, Range], index: int) -> int:
    return size if isinstance(size, int) else ranges[str(size)][index]


def _cuda(arena_bytes: int, *, cuda_graph: bool) -> dict[str, str]:
    return {
        "device_id": "0",
        "gpu_mem_limit": str(arena_bytes),
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",
        "cudnn_conv_use_max_workspace": "0",
        "cudnn_conv1d_pad_to_nc1d": "1",
        "do_copy_in_default_stream": "1",
        "enable_cuda_graph": str(int(cuda_graph)),
    }


def _tensorrt(workspace_bytes: int, cache_dir: Path | None, *, cuda_graph: bool) -> dict[str, str]:
    options = {
        "device_id": "0",
        "trt_fp16_enable": "1",
        "trt_max_workspace_size": str(workspace_bytes),
        "trt_builder_optimization_level": str(BUILDER_LEVEL),
        "trt_auxiliary_streams": "0",
        "trt_cuda_graph_enable": str(int(cuda_graph)),
    }
    if cache_dir is not None:
        engines, timing = cache_dir / "tensorrt", cache_dir.parent / "cuda" / "timing"
        for folder in (engines, timing):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(timing),
        }
    return options
