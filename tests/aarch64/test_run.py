"""The list of what is run under emulation, which takes ten minutes to find out about otherwise."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/aarch64/run.sh"


def test_everything_on_the_list_is_there() -> None:
    (core,) = re.findall(r"(?ms)^CORE=\((.*?)\)", SCRIPT.read_text())
    paths = core.split()
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_it_is_shell() -> None:
    found = subprocess.run(["bash", "-n", str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stderr) == (0, "")
