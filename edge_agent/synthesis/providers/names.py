"""What ONNX Runtime calls its execution providers, and what the configuration calls them."""

from __future__ import annotations

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"

BY_NAME = {"tensorrt": TENSORRT, "cuda": CUDA, "cpu": CPU}
"""The configuration's name to ONNX Runtime's, the most specialised first."""

IN_WORDS = {TENSORRT: "TensorRT", CUDA: "CUDA", CPU: "the processor"}


def in_words(provider: str) -> str:
    """How a person is told of a provider."""
    return IN_WORDS.get(provider, provider)


def short(provider: str) -> str:
    """The configuration's name of ONNX Runtime's ``provider``."""
    return next((name for name, known in BY_NAME.items() if known == provider), provider)
