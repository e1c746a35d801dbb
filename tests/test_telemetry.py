"""What is said and when is nobody else's business."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.voices.catalog import BUILT_IN

_LOAD = """
import {package}
import onnxruntime
onnxruntime.InferenceSession({graph!r}, providers=["CPUExecutionProvider"])
"""


@pytest.mark.parametrize("package", ["edge_agent", "distill", "quantize"])
def test_onnx_runtime_keeps_no_records_to_report(package: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environ = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    script = _LOAD.format(package=package, graph=str(BUILT_IN / "text.cpu.onnx"))
    subprocess.run([sys.executable, "-c", script], env=environ | {"HOME": str(home)}, check=True)
    assert list(home.rglob("*")) == []
