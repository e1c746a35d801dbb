from __future__ import annotations

import pytest

from quantize.checkpoint import Student
from quantize.graph import FloatGraph
from quantize.reading import Reading, Voice
from tests.rigs.student import PHONEMES, float_graphs, float_models, random_student


@pytest.fixture(scope="session")
def student() -> Student:
    return random_student()


@pytest.fixture(scope="session")
def graphs(student, tmp_path_factory) -> list[FloatGraph]:
    return float_graphs(student, tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="session")
def float32(student, graphs) -> Voice:
    return Voice.of(student.model.config, *float_models(graphs))


@pytest.fixture(scope="session")
def references(float32) -> list[Reading]:
    return [float32.read(PHONEMES), float32.read("ʈʂwaŋ→tɕja→ ˈoʊpən")]
