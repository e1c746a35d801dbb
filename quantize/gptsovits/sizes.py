"""How large a voice is, on disk and in memory; what is too large for a small device is not built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from quantize.gates import Gate
from quantize.gptsovits.resident import peak_resident

LIMIT_BYTES = 1_000_000_000


def table(parts: Mapping[str, int]) -> str:
    """``parts`` of a voice in bytes, as text for a terminal."""
    width = max(map(len, parts))
    return "\n".join(f"{name:{width}}  {n_bytes / 1e6:8.1f} MB" for name, n_bytes in parts.items())


def gates(parts: Mapping[str, int]) -> list[Gate]:
    """Weights and memory must each stay below a gigabyte; at it they fail."""
    return [Gate(name, parts[name] / 1e6, (LIMIT_BYTES - 1) / 1e6, "MB") for name in ("on disk", "peak resident")]


def measure(folder: Path, tensors: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each part of the voice in ``folder``, of all its files, and of a process that speaks with it.

    Args:
        tensors: bytes of the constants of each graph, where graphs share a file.

    Raises:
        RuntimeError: the process failed.
    """
    files = sum(file.stat().st_size for file in folder.iterdir())
    return {**tensors, "on disk": files, "peak resident": peak_resident(folder)}
