"""The loss sees what the graphs lose and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from quantize.loss import measure
from quantize.reading import Voice
from quantize.variants import Recipe, build
from quantize.weights import WeightFile
from tests.rigs.student import PHONEMES

RATE = 24_000


def spoiled(student, graphs, graph_name: str, tensor: str, change: Callable[[np.ndarray], np.ndarray]) -> Voice:
    weights = WeightFile()
    models = {}
    for graph in graphs:
        tensors = dict(graph.tensors)
        if graph.name == graph_name:
            tensors[tensor] = change(tensors[tensor]).astype(np.float32)
        models[graph.name] = build(dataclasses.replace(graph, tensors=tensors), "gpu", Recipe({}, half_storage=False), weights)
    return Voice.of(student.model.config, models, weights.to_bytes())


def test_float32_follows_itself_without_loss(float32, references):
    loss = measure(float32, references, RATE)
    assert (loss.spectral_db, loss.worst_db, loss.durations, loss.f0_cents, loss.voicing) == (0, 0, 0, 0, 0)


def test_another_spectrum_is_heard(student, graphs, references):
    duller = spoiled(student, graphs, "decoder", "out.bias", lambda bias: bias - 0.01 * (np.arange(len(bias)) % 504).clip(max=200))
    loss = measure(duller, references, RATE)
    assert loss.worst_db >= loss.spectral_db > 0.5
    assert (loss.durations, loss.f0_cents, loss.voicing) == (0, 0, 0)


def test_other_durations_count_as_durations_only(student, graphs, references):
    loss = measure(spoiled(student, graphs, "text", "duration.bias", lambda bias: bias + 0.7), references, RATE)
    assert loss.durations > 0.5
    assert loss.spectral_db == 0


def test_another_pitch_counts_as_pitch_only(student, graphs, references):
    semitone = np.array([np.log(2) / 12, 0, 0])
    loss = measure(spoiled(student, graphs, "prosody", "out.bias", lambda bias: bias + semitone), references, RATE)
    assert abs(loss.f0_cents - 100) < 0.1
    assert loss.spectral_db == 0


def test_a_reading_keeps_the_durations_it_follows(float32, references):
    units = np.ones_like(references[0].units)
    short = dataclasses.replace(references[0], units=units, f0_hz=references[0].f0_hz[: 2 * len(units)])
    assert len(float32.read(PHONEMES, short).wave) == 2 * len(short.units) * 300
