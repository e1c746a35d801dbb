"""Several seeds of one recipe: whether it makes a good voice, or one run was lucky."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from distill.evaluate import cli as evaluation
from distill.evaluate.results import Scores, aligned, pooled
from distill.evaluate.systems import StudentSystem, System, TeacherSystem

TEACHER = "teacher"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of :func:`run` on ``parser``."""
    add = parser.add_argument
    add("recipe", type=Path)
    add("--seeds", type=_seeds, default=(1, 2, 3), metavar="N,N,...", help="one training each (default: 1,2,3)")
    add("--device", help="cpu or cuda")
    add("--out", type=Path, metavar="DIR", help="WAV files and scores.json go here (default: seeds in the recipe's folder)")
    evaluation.add_scoring_arguments(parser)


def run(options: argparse.Namespace) -> str:
    """Corpus, training and choice for each seed, as far as they are not there, then one evaluation of all; its table.

    Raises:
        EdgeAgentError: a stage fails; what is finished by then stays.
    """
    from distill import stages
    from distill.recipe import load_recipe

    given = {} if options.device is None else {"device": options.device}
    recipes = [load_recipe(options.recipe, seed=seed, **given) for seed in options.seeds]
    first = recipes[0]
    options.out = options.out or Path(first.folder) / "seeds"
    scoring = evaluation.Scoring.of(options)  # before hours of training: what it lacks, it lacks now
    stages.make_corpus(first)
    systems: list[System] = [TeacherSystem(TEACHER, stages.open_teacher(first.teacher, screened=False), evaluation.memory(options))]
    for recipe in recipes:
        stages.train(recipe)
        chosen = stages.choose_checkpoint(recipe).checkpoint
        systems.append(StudentSystem(f"seed-{recipe.train.seed}", chosen))
    return spread(scoring.score(systems))


def spread(scores: Scores) -> str:
    """The scores of each system, and mean and standard deviation over all but the reference, as text."""
    seeds = [system for system in scores.systems if system != scores.reference]
    lines: list[Sequence[str]] = []
    for lang in scores.langs:
        lines.append([f"{lang}, {len(scores.of(scores.reference, lang))} sentences", scores.reference, *seeds, "mean", "deviation"])
        columns = {system: {each.measure: each.value.value for each in pooled(scores, system, lang)} for system in scores.systems}
        for measure in dict.fromkeys(measure for seed in seeds for measure in columns[seed]):
            values = [columns[seed][measure] for seed in seeds if measure in columns[seed]]
            deviation = statistics.stdev(values) if len(values) > 1 else None
            numbers = [columns[system].get(measure) for system in (scores.reference, *seeds)] + [statistics.fmean(values), deviation]
            label = f"  {measure.label}{', ' + measure.unit if measure.unit else ''}"
            lines.append([label, *("-" if number is None else f"{number:.{measure.decimals}f}" for number in numbers)])
    return aligned(lines)


def _seeds(value: str) -> tuple[int, ...]:
    seeds = tuple(int(part) for part in value.split(",") if part.strip().isdecimal())
    if len(seeds) != len(value.split(",")) or len(set(seeds)) != len(seeds):
        raise argparse.ArgumentTypeError(f"{value!r} is not a list of different whole numbers, like 1,2,3")
    return seeds
