"""Which engine speaks a voice folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edge_agent.synthesis.engine import Engine
from edge_agent.synthesis.gptsovits import GPTSoVITSEngine
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.synthesis.runtime import Runtime
from edge_agent.synthesis.voice_json import VoiceError

ENGINES: dict[str, Callable[[Path, Runtime], Engine]] = {"gptsovits": GPTSoVITSEngine, "mobilesovits": MobileSoVITSEngine}


def load_engine(folder: Path, runtime: Runtime) -> Engine:
    """Load the voice in ``folder`` with the engine its card names.

    Raises:
        VoiceError: no such voice, a damaged one, or one for an engine this program does not have.
        SynthesisError: the graphs cannot be run.
    """
    try:
        name = json.loads((folder / "voice.json").read_bytes())["engine"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise VoiceError(f"{folder} holds no readable voice.json: {error}") from error
    if not isinstance(name, str) or name not in ENGINES:
        raise VoiceError(f"{folder} needs the engine {name!r}; this program has {', '.join(sorted(ENGINES))}")
    return ENGINES[name](folder, runtime)
