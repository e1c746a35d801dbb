"""Compiles ``finish.cu`` to ``finish.ptx``, which the driver of any GPU from compute capability 7.5 on takes.

    pip install 'nvidia-cuda-nvrtc-cu12==12.6.*'
    python -m edge_agent.synthesis.mobilesovits.tail._build_ptx

NVRTC 12.6 is JetPack 6.2's CUDA: what a newer one writes, the driver there does not read. ``ptxas``, where it is installed, then
assembles it for an Orin (sm_87).
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("finish.cu")
TARGET = SOURCE.with_suffix(".ptx")
ARCHITECTURE = "compute_75"
ORIN = "sm_87"


def header(source: bytes) -> str:
    """The first line of the PTX, which ties it to its source."""
    return f"// of finish.cu {hashlib.sha256(source).hexdigest()}\n"


def main() -> None:
    source = SOURCE.read_bytes()
    TARGET.write_text(header(source) + compiled(source), "utf-8")
    if assembler := shutil.which("ptxas"):
        with tempfile.NamedTemporaryFile(suffix=".cubin") as cubin:
            subprocess.run([assembler, f"-arch={ORIN}", "-o", cubin.name, str(TARGET)], check=True)


def compiled(source: bytes) -> str:
    nvrtc = ctypes.CDLL(str(_library()))
    program = ctypes.c_void_p()
    _check(nvrtc, nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"finish.cu", 0, None, None))
    options = (ctypes.c_char_p * 1)(f"--gpu-architecture={ARCHITECTURE}".encode())
    result = nvrtc.nvrtcCompileProgram(program, 1, options)
    if result:
        raise SystemExit(_text(nvrtc, program, "nvrtcGetProgramLog").decode())
    return _text(nvrtc, program, "nvrtcGetPTX").rstrip(b"\0").decode()


def _library() -> Path:
    spec = importlib.util.find_spec("nvidia.cuda_nvrtc")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("install it: pip install 'nvidia-cuda-nvrtc-cu12==12.6.*'")
    return next(Path(spec.submodule_search_locations[0]).glob("lib/libnvrtc.so.*"))


def _text(nvrtc: ctypes.CDLL, program: ctypes.c_void_p, function: str) -> bytes:
    size = ctypes.c_size_t()
    _check(nvrtc, getattr(nvrtc, f"{function}Size")(program, ctypes.byref(size)))
    text = ctypes.create_string_buffer(size.value)
    _check(nvrtc, getattr(nvrtc, function)(program, text))
    return text.raw


def _check(nvrtc: ctypes.CDLL, result: int) -> None:
    if result:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise SystemExit(nvrtc.nvrtcGetErrorString(result).decode())


if __name__ == "__main__":
    main()
