"""A gate holds at its limit and not beyond, and not for what is no number."""

from __future__ import annotations

import pytest

from distill.evaluate.bootstrap import Interval
from quantize import gates, report
from quantize.gates import Gate
from quantize.loss import Loss

GOOD = Loss(0.05, 0.1, 0.01, 3.0, 0.001)


@pytest.mark.parametrize(("value", "passed"), [(0.9, True), (1.0, True), (1.01, False), (float("nan"), False), (float("inf"), False)])
def test_limit(value, passed):
    assert Gate("x", value, 1.0, "dB").passed is passed


def test_size():
    assert gates.size_gate(15_000_000).passed
    assert not gates.size_gate(15_000_001).passed


def test_a_good_variant_passes_all():
    assert all(gate.passed for gate in gates.loss_gates("cpu", GOOD))


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (Loss(0.41, 0.5, 0.01, 3, 0), "log-spectral distance"),
        (Loss(0.05, 0.1, 0.06, 3, 0), "durations changed"),
        (Loss(0.05, 0.1, 0.01, 16, 0), "F0 deviation"),
        (Loss(0.05, 0.1, 0.01, 3, 0.02), "voicing changed"),
    ],
)
def test_each_loss_has_its_gate(loss, name):
    assert [gate.name for gate in gates.loss_gates("trt", loss) if not gate.passed] == [f"trt: {name}"]


def test_a_value_known_within_bounds_fails_only_if_all_of_them_do():
    assert Gate("x", 1.2, 1.0, "points", (0.9, 1.5)).passed
    assert not Gate("x", 1.2, 1.0, "points", (1.01, 1.4)).passed
    assert not Gate("x", 1.2, 1.0, "points", (float("nan"), 1.4)).passed


def test_what_scorers_say():
    found = gates.hearing_gates(
        {
            "DistillMOS, zh,": Interval(0.03, 0.01, 0.05), "DistillMOS, en,": Interval(0.05, 0.03, 0.07),
            "word error, en,": Interval(1.0, 0.5, 1.5), "pinyin error, zh,": Interval(1.2, 0.1, 2.3),
            "DistillMOS, all,": Interval(0.02, -0.01, 0.05),
        }
    )
    assert [gate.name for gate in found if not gate.passed] == ["DistillMOS, en, loss", "pinyin error, zh, loss"]
    assert report.gate_table(found).splitlines()[1].split() == "DistillMOS, zh, loss 0.03 [0.01, 0.05] 0.02 points ok".split()


def test_the_mean_over_all_languages_must_keep_the_limit_itself():
    (gate,) = gates.hearing_gates({"DistillMOS, all,": Interval(0.021, -0.1, 0.2)})
    assert not gate.passed
