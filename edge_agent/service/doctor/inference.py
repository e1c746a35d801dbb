"""Whether ONNX Runtime computes, and computes right, on each provider it claims to have.

A provider in its list proves nothing: wheels exist that list CUDA and have no kernels for the GPU they run on. So a small
model runs on each, with falling back to the processor forbidden, and its result is compared with NumPy's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from edge_agent.config import Config
from edge_agent.service.doctor.finding import Finding
from edge_agent.synthesis.providers import BY_NAME, CPU, explain, fingerprint

PROVIDERS = BY_NAME
_SIZE = 64
_REPEATS = 20


def check_inference(config: Config) -> Iterator[Finding]:
    import onnxruntime

    listed = onnxruntime.get_available_providers()
    gpu = fingerprint()["gpu"]
    if gpu != "none" and config.voice.provider == "auto" and not any(each in listed for each in PROVIDERS.values() if each != CPU):
        fix = "Install one with code for this GPU (requirements/jetson.md), or set voice.provider to cpu if the processor will do."
        yield Finding.warn("inference", f"this ONNX Runtime has no provider for the GPU here ({gpu})", fix, provider=None, gpu=gpu)
    for name, provider in PROVIDERS.items():
        wanted = config.voice.provider == name
        if provider not in listed:
            if wanted or name == "cpu":
                fix = "Install an ONNX Runtime built for this device, or set voice.provider to auto."
                yield Finding.fail("inference", f"{provider} is not in this ONNX Runtime", fix, provider=provider)
            continue
        try:
            took_s = _try(provider)
        except Exception as error:  # noqa: BLE001 - ONNX Runtime has no common base for its errors
            fix = "Install an ONNX Runtime built for this GPU, or set voice.provider to cpu."
            verdict = Finding.fail if wanted or name == "cpu" else Finding.warn
            yield verdict("inference", f"{provider} is listed but does not compute: {explain(_first_line(error))}", fix, provider=provider)
        else:
            what = f"{provider} computes right ({took_s * 1e3:.2f} ms for a product of {_SIZE} by {_SIZE})"
            yield Finding.ok("inference", what, provider=provider, product_s=took_s)


def _try(provider: str) -> float:
    """Seconds one run takes.

    Raises:
        Exception: what ONNX Runtime raised, or ArithmeticError for a wrong result.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if provider != PROVIDERS["cpu"]:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    session = onnxruntime.InferenceSession(product_model(_SIZE), options, providers=[provider])
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"the session runs on {session.get_providers()[0]}")
    x = np.random.default_rng(0).standard_normal((_SIZE, _SIZE)).astype(np.float32)
    (y,) = session.run(None, {"x": x})
    # Tensor cores may round to ten bits of mantissa.
    if not np.allclose(y, x @ x, rtol=1e-2, atol=0.1):
        raise ArithmeticError("the result is wrong")
    start = time.perf_counter()
    for _ in range(_REPEATS):
        session.run(None, {"x": x})
    return (time.perf_counter() - start) / _REPEATS


def product_model(size: int) -> bytes:
    """An ONNX model of one node: float32 ``x [size, size]`` to ``y = x @ x``. Numbers are those of onnx.proto."""
    node = _field(1, b"x") + _field(1, b"x") + _field(2, b"y") + _field(4, b"MatMul")
    dimension = _field(1, size)
    tensor = _field(1, 1) + _field(2, _field(1, dimension) + _field(1, dimension))
    graph = (
        _field(1, node)
        + _field(2, b"product")
        + _field(11, _field(1, b"x") + _field(2, _field(1, tensor)))
        + _field(12, _field(1, b"y") + _field(2, _field(1, tensor)))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def _field(number: int, value: int | bytes) -> bytes:
    """A protocol buffer field: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
