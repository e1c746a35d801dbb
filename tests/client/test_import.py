"""A program that speaks needs pyzmq and nothing else of what the daemon needs."""

from __future__ import annotations

import subprocess
import sys

_CHECK = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"edge_agent", "zmq", *sys.stdlib_module_names}:
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Nothing())
from edge_agent.client import AsyncSpeechClient, SpeechClient
SpeechClient("/nowhere", timeout_s=0.05).close()
loaded = {name for name in sys.modules if name.startswith("edge_agent.")}
print(" ".join(sorted(name for name in loaded if not name.startswith("edge_agent.client"))))
"""


def test_imports_nothing_but_pyzmq() -> None:
    done = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["edge_agent." + name for name in ("announcement", "errors", "events", "wakeup", "wire")]


def test_a_client_that_nobody_closes_does_not_hold_the_program_up() -> None:
    program = "from edge_agent.client import SpeechClient\nspeech = SpeechClient('/nowhere')\nspeech._link.ask('preload', {}, None)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
