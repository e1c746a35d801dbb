"""Sessions on the processor, as this engine's graphs want them."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from edge_agent.synthesis.engine import SynthesisError

CPU = "CPUExecutionProvider"


def cpu_session(path: Path, threads: int, *, shared_weights: bool = False) -> ort.InferenceSession:
    """Load a graph.

    Args:
        threads: that it may use.
        shared_weights: take the weights as they lie in the file, which sessions of one file then share in memory; otherwise
            each keeps them in the order its kernels like best.

    Raises:
        SynthesisError: it cannot be loaded.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # plans of memory are made for every length of a sentence, kept, and no faster
    options.enable_mem_pattern = False
    # spinning threads would keep a core of a small device busy between announcements
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if shared_weights:
        options.add_session_config_entry("session.disable_prepacking", "1")
    if platform.machine() == "x86_64":
        # newer ones take flash attention even for one position, which is slower here than their kernel for the product of one row
        os.environ.setdefault("ORT_GQA_DISABLE_FLASH_ATTENTION", "1")
    try:
        return ort.InferenceSession(str(path), options, providers=[CPU])
    except Exception as error:  # ONNX Runtime raises its own family of undocumented types
        raise SynthesisError(f"{path} cannot be loaded: {error}") from error


def run(session: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """All outputs in the graph's order. Memory for what lies between is given back, for there is a text model to be loaded.

    Raises:
        SynthesisError: the graph failed, or gave something that is not a number.
    """
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    try:
        outputs = session.run(None, inputs, options)
    except Exception as error:  # ONNX Runtime raises its own family of undocumented types
        raise SynthesisError(f"inference failed: {error}") from error
    if not all(np.isfinite(output).all() for output in outputs):
        raise SynthesisError("the voice's graphs produced NaN")
    return outputs
