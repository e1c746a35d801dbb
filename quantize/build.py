"""Student to voice folder, through every gate."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from distill.corpus.texts import hand_written
from distill.evaluate import LANGS, Listener, evaluation_set
from distill.evaluate.systems import sentence_phonemes
from distill.student import StudentConfig
from edge_agent.text import NothingSpeakable, Speech, plan
from quantize import folder, gates, hearing, report
from quantize.about import About
from quantize.calibrate import calibrate
from quantize.checkpoint import Student
from quantize.errors import QuantizeError
from quantize.export import GRAPHS, export
from quantize.gates import Gate
from quantize.graph import FloatGraph
from quantize.int8 import IntegerWeight
from quantize.loss import Loss, measure
from quantize.reading import Reading, Voice
from quantize.report import Report
from quantize.sensitivity import sensitivities
from quantize.variants import VARIANTS, Recipe, build, quantized
from quantize.weights import WeightFile

Progress = Callable[[Iterable[Any]], Iterable[Any]]


class GatesFailed(QuantizeError):
    """The voice was not written; ``report`` says what was measured."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class Effort:
    """Sentences of each language: ``check`` (of the evaluation set) for the losses of whole variants, ``layers`` for those
    of single layers, ``calibrate`` (of the training text) for static ranges, ``hear`` for the scorers."""

    check: int = 5
    layers: int = 1
    calibrate: int = 50
    hear: int = 40


def build_voice(
    student: Student,
    out: Path,
    about: About,
    *,
    effort: Effort = Effort(),
    teacher: Path | None = None,
    listeners: Sequence[Listener] = (),
    replace: bool = False,
    report_to: Path | None = None,
    progress: Callable[..., Iterable[Any]] = lambda items, **_: items,
) -> Report:
    """Make the voice folder ``out`` of a trained student.

    Args:
        teacher: folder or file whose size stands in the report.
        listeners: scorers that compare eight bits with float32; their clips go beside the report.
        report_to: Markdown file, ``<out>.report.md`` by default; written whether or not the gates pass.
        progress: wraps loops, as ``tqdm`` does.

    Raises:
        QuantizeError: nothing can be built there.
        GatesFailed: it can, but would lose too much.
    """
    config = student.model.config
    report_to = report_to or out.with_name(f"{out.name}.report.md")
    _check_place(report_to, out)
    if teacher is not None:
        report.teacher_files(teacher)
    with folder.staged(out, replace=replace) as stage:
        graphs = _float_graphs(student)
        checked = {lang: [sentence_phonemes(each) for each in evaluation_set(lang, effort.check)] for lang in LANGS}
        spoken = [each for sentences in checked.values() for each in sentences]
        float32 = _voice(config, graphs, "gpu", {graph.name: Recipe({}, half_storage=False) for graph in graphs})
        references = [float32.read(each) for each in progress(spoken, desc="float32")]
        ranges = calibrate(config, graphs, progress(_calibration(effort.calibrate), desc="calibrate"))
        recipes = {graph.name: Recipe(quantized(graph), ranges[graph.name]) for graph in graphs}
        weights = WeightFile()
        variants = {variant: {graph.name: build(graph, variant, recipes[graph.name], weights) for graph in graphs} for variant in VARIANTS}
        content = weights.to_bytes()
        losses = {
            variant: measure(Voice.of(config, models, content), references, config.sample_rate)
            for variant, models in progress(variants.items(), desc="variants")
        }
        few = _first_of_each(references, checked, effort.layers)
        layers = sensitivities(config, graphs, few, partial(progress, desc="layers"))
        card = folder.write_card(stage, student, about, *folder.write_graphs(stage, variants, content), spoken)
        found = _gates(stage, losses)
        if listeners:
            found += _heard(stage, graphs, student, about, effort, listeners, report_to.with_suffix(".clips"), progress, spoken)
        result = Report(
            about,
            student.step,
            card,
            found,
            losses,
            _full_range(config, graphs, references),
            layers,
            report.sizes(stage, graphs, teacher),
            sum(len(each.wave) for each in references) / config.sample_rate,
        )
        (stage / "CARD.md").write_text(report.card_page(result), "utf-8")
        report_to.write_text(report.page(result), "utf-8")
        failed = [gate.name for gate in found if not gate.passed]
        if failed:
            raise GatesFailed(f"{out} was not built: {', '.join(failed)}; see {report_to}", result)
    return result


def _check_place(report_to: Path, out: Path) -> None:
    """
    Raises:
        QuantizeError: what takes minutes to find out could not be written there, or not be kept.
    """
    place = report_to.parent
    if report_to.is_dir() or out in report_to.parents or not (place.is_dir() or place == out.parent):
        raise QuantizeError(f"the report cannot be written to {report_to}: it is a folder, or in one that is not there or the voice's")


def _first_of_each(references: Sequence[Reading], checked: Mapping[str, Sequence[str]], count: int) -> list[Reading]:
    """Readings of the first ``count`` of the phonemes of each language."""
    few = {phonemes for sentences in checked.values() for phonemes in sentences[:count]}
    return [each for each in references if each.phonemes in few]


def _float_graphs(student: Student) -> list[FloatGraph]:
    with tempfile.TemporaryDirectory() as place:
        export(student.model, student.speaker, Path(place))
        return [FloatGraph.of(name, onnx.load(Path(place) / f"{name}.onnx")) for name in GRAPHS]


def _voice(config: StudentConfig, graphs: Sequence[FloatGraph], variant: str, recipes: Mapping[str, Recipe]) -> Voice:
    return Voice.of(config, *_models(graphs, variant, recipes))


def _models(graphs: Sequence[FloatGraph], variant: str, recipes: Mapping[str, Recipe]) -> tuple[dict[str, ModelProto], bytes]:
    weights = WeightFile()
    models = {graph.name: build(graph, variant, recipes[graph.name], weights) for graph in graphs}
    return models, weights.to_bytes()


def _calibration(count: int) -> list[str]:
    """Phonemes of the first ``count`` sentences of each language in the training text, in the daemon's segments."""
    found = []
    for lang in LANGS:
        for sentence in [text for text, its in hand_written() if its == lang][:count]:
            try:
                found += [item.phonemes for item in plan(sentence, "auto").items if isinstance(item, Speech)]
            except NothingSpeakable:
                continue
    return found


def _full_range(config: StudentConfig, graphs: Sequence[FloatGraph], references: Sequence[Reading]) -> Loss:
    """What the ``cpu`` variant would lose with all eight bits of its weights."""
    recipes = {
        graph.name: Recipe({layer: IntegerWeight.of(graph.tensors[name], 127) for layer, name in graph.layers.items()}) for graph in graphs
    }
    return measure(_voice(config, graphs, "cpu", recipes), references, config.sample_rate)


def _gates(stage: Path, losses: Mapping[str, Loss]) -> list[Gate]:
    found = [gates.size_gate(sum(file.stat().st_size for file in stage.iterdir()))]
    for variant, loss in losses.items():
        found += [*gates.loss_gates(variant, loss), gates.golden_gate(variant, folder.golden_difference_db(stage, variant))]
    return found


def _heard(
    stage: Path,
    graphs: Sequence[FloatGraph],
    student: Student,
    about: About,
    effort: Effort,
    listeners: Sequence[Listener],
    out: Path,
    progress: Callable[..., Iterable[Any]],
    spoken: Sequence[str],
) -> list[Gate]:
    models, weights = _models(graphs, "gpu", {graph.name: Recipe({}, half_storage=False) for graph in graphs})
    sentences = [each for lang in LANGS for each in evaluation_set(lang, effort.hear)]
    with tempfile.TemporaryDirectory() as place:
        float32 = Path(place)
        folder.write_card(float32, student, about, *folder.write_graphs(float32, {"cpu": models}, weights), spoken)
        return gates.hearing_gates(hearing.losses(float32, stage, sentences, listeners, out, partial(progress, desc="listen")))
