from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from edge_agent.synthesis import Runtime
from edge_agent.synthesis.gptsovits import GPTSoVITSEngine
from tests.rigs.gptsovits_voice import write


@pytest.fixture(scope="session")
def made_voice(tmp_path_factory) -> Path:
    """An int8 voice; never written to."""
    torch.set_num_threads(1)
    return write(tmp_path_factory.mktemp("gptsovits"))[0]


@pytest.fixture
def voice(made_voice, tmp_path) -> Path:
    """A copy of the voice to damage."""
    return Path(shutil.copytree(made_voice, tmp_path / "voice"))


@pytest.fixture
def engine(made_voice):
    engine = GPTSoVITSEngine(made_voice, Runtime("cpu", 1))
    yield engine
    engine.close()
