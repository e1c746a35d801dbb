"""What runs Kokoro, and where."""

from __future__ import annotations

BACKENDS = {"onnx": ("cpu",), "torch": ("cpu", "cuda")}


def fault(backend: str, device: str) -> str | None:
    """What is wrong with a choice, or None."""
    if backend not in BACKENDS:
        return f"backend = {backend!r} is not one of {', '.join(BACKENDS)}"
    if device not in BACKENDS[backend]:
        return f"device = {device!r} is not one that backend {backend} runs on: {', '.join(BACKENDS[backend])}"
    return None
