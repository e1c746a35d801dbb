"""What one thread of this machine can do at best, and what GPT-SoVITS asks of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from gptsovits_random import N_PHONES, N_PROMPT, N_REFERENCE, N_TOKENS

CACHE_BYTES = 24 * 2 * 512 * 4
"""Of a position."""
GFLOP_PER_AUDIO_S, GFLOP_IN_FLOAT32 = 42.7, 2.5
"""Of the second stage, counted; and how much of it has float32 in eight-bit voices too: flow, prior and the decoder's ends."""


def cpu_s(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def step_bytes(graph: Path) -> int:
    """What a step reads, halfway through the sentence: its weights but for the table of tokens, and the cache."""
    import onnx

    tensors = [tensor for tensor in onnx.load(str(graph), load_external_data=False).graph.initializer if tensor.name != "audio_embedding"]
    weights = sum(int(np.prod(each.dims)) * onnx.helper.tensor_dtype_to_np_dtype(each.data_type).itemsize for each in tensors)
    return weights + CACHE_BYTES * (N_REFERENCE + N_PHONES + N_PROMPT + N_TOKENS // 2)


def matrix_product(kind: str, size: int = 1024) -> Callable[[], float]:
    """Measures how many 10^9 operations a second one thread does, a multiplication and an addition being two."""
    from onnx import TensorProto, helper, numpy_helper

    types = {"float32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT), "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT32)}
    operator, given, made = types[kind]
    value = [helper.make_tensor_value_info(name, each, [size, size]) for name, each in (("a", given), ("c", made))]
    weight = numpy_helper.from_array(np.ones((size, size), np.float32 if kind == "float32" else np.int8), "b")
    graph = helper.make_graph([helper.make_node(operator, ["a", "b"], ["c"])], "product", value[:1], value[1:], [weight])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    matrix = np.ones((size, size), np.float32 if kind == "float32" else np.uint8)
    times = 5
    return lambda: times * 2 * size**3 / 1e9 / cpu_s(lambda: [session.run(None, {"a": matrix}) for _ in range(times)])
