"""How large a voice is, on disk and in memory; what is too large for a small device is not built.

    python -m quantize.gptsovits.sizes VOICE_DIR

prints the bytes a process has resident at most that loads the voice and speaks with it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from quantize.gates import Gate

LIMIT_BYTES = 1_000_000_000
SPOKEN = "请注意，开往上海虹桥的列车即将进站，请站在安全线以内。The train to the airport leaves in five minutes."


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


def peak_resident(folder: Path) -> int:
    """
    Raises:
        RuntimeError: the voice does not load.
    """
    child = subprocess.run([sys.executable, "-m", __spec__.name, str(folder)], capture_output=True, text=True, check=False)
    if child.returncode:
        raise RuntimeError(f"the voice in {folder} does not load: {child.stderr.strip()[-2000:]}")
    return int(child.stdout)


def _speak(folder: Path) -> int:
    from edge_agent.synthesis import Runtime, SynthesisError
    from edge_agent.synthesis.gptsovits import GPTSoVITSEngine
    from edge_agent.text import Speech, plan

    engine = GPTSoVITSEngine(folder, Runtime("cpu", 1))
    for item in plan(SPOKEN).items:
        if isinstance(item, Speech):
            try:
                for _ in engine.synthesize(item):
                    pass
            except SynthesisError:
                continue  # a voice that derails has taken all the memory it ever takes
    return _peak_bytes()


def _peak_bytes() -> int:
    """Not getrusage's, which a child inherits from whoever started it."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.stdout.write(f"{_speak(Path(sys.argv[1]))}\n")
