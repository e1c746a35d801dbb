"""Which sentences stand for what, and what a student is refused for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from quantize.build import _first_of_each
from quantize.errors import QuantizeError
from quantize.loss import measure
from quantize.reading import Reading, Voice
from tests.rigs.student import PHONEMES, float_models

CHECKED = {"zh": ["a", "b", "c"], "en": ["d", "e"], "mixed": ["f", "g", "h"]}


@pytest.mark.parametrize(("count", "wanted"), [(1, "adf"), (2, "abdefg"), (9, "abcdefgh")])
def test_the_first_sentences_of_each_language_whatever_their_number(count, wanted):
    nothing = np.zeros(0)
    references = [Reading(each, nothing, nothing, nothing) for sentences in CHECKED.values() for each in sentences]
    assert "".join(each.phonemes for each in _first_of_each(references, CHECKED, count)) == wanted


@pytest.fixture(scope="module")
def exploded(student, graphs):
    """Finite weights that are too large for float32 to compute with."""
    changed = [
        dataclasses.replace(graph, tensors={**graph.tensors, "norm.weight": graph.tensors["norm.weight"] * np.float32(3e38)})
        if graph.name == "text"
        else graph
        for graph in graphs
    ]
    return Voice.of(student.model.config, *float_models(changed))


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_a_student_whose_durations_are_no_numbers(exploded):
    with pytest.raises(QuantizeError, match="durations that are no numbers"):
        exploded.read(PHONEMES)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_a_variant_whose_durations_are_no_numbers_loses_everything(exploded, student, references):
    loss = measure(exploded, references[:1], student.model.config.sample_rate)
    assert loss.durations == 1 and not loss.spectral_db <= 1
