from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.synthesis import Runtime
from edge_agent.synthesis.mobilesovits import MobileSoVITSEngine
from edge_agent.text import Speech
from quantize.about import About
from quantize.checkpoint import Student
from quantize.folder import write_card, write_graphs
from tests.rigs.student import PHONEMES, float_graphs, float_models, random_student

ABOUT = About("chance", "Chance", ("zh", "en"))


@pytest.fixture(scope="session")
def student() -> Student:
    return random_student()


@pytest.fixture(scope="session")
def made_voice(student, tmp_path_factory) -> Path:
    """A float32 voice; never written to."""
    folder = tmp_path_factory.mktemp("voices") / "chance"
    folder.mkdir()
    models, weights = float_models(float_graphs(student, tmp_path_factory.mktemp("export")))
    write_card(folder, student, ABOUT, *write_graphs(folder, {"cpu": models}, weights), [PHONEMES])
    return folder


@pytest.fixture
def voice(made_voice, tmp_path) -> Path:
    """A copy of the voice to damage."""
    return Path(shutil.copytree(made_voice, tmp_path / "voice"))


@pytest.fixture
def engine(made_voice):
    engine = MobileSoVITSEngine(made_voice, Runtime("cpu", 1))
    yield engine
    engine.close()


@pytest.fixture
def segment() -> Speech:
    return Speech("你好, the train to Beijing is boarding.", "mixed", PHONEMES)
