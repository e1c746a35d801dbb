"""What a process has resident at most that loads a voice and speaks with it, in bytes.

    python -m quantize.gptsovits.resident VOICE_DIR

Nothing here imports PyTorch, which the device does not have either: it would be counted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SPOKEN = "请注意，开往上海虹桥的列车即将进站，请站在安全线以内。The train to the airport leaves in five minutes."


def resident_bytes(field: str) -> int:
    """``VmRSS``, what this process has in memory, or ``VmHWM``, the most it ever had: not getrusage's, which a child inherits from
    whoever started it."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def peak_resident(folder: Path) -> int:
    """Measured in a process of its own.

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
    return resident_bytes("VmHWM")


if __name__ == "__main__":
    sys.stdout.write(f"{_speak(Path(sys.argv[1]))}\n")
