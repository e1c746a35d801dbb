"""What is measured is a device's process."""

from __future__ import annotations

import subprocess
import sys


def test_the_process_that_is_measured_has_no_torch():
    question = "import sys, quantize.gptsovits.resident, edge_agent.synthesis.gptsovits, edge_agent.text; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", question], check=False).returncode == 0
