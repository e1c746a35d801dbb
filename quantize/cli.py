"""The command: ``python -m quantize student CHECKPOINT --out VOICE_DIR``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from distill.command import carried_out
from distill.evaluate import Listener, Remembering
from distill.recipe import Recipe, load_recipe
from quantize import report
from quantize.about import About, command, commit
from quantize.build import Effort, GatesFailed, build_voice
from quantize.checkpoint import Student, load_student
from quantize.errors import QuantizeError
from quantize.gptsovits import cli as gptsovits

_STANDARD = Effort()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 with a message if something is wrong or a gate failed; 130 when it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m quantize", description="From a trained student to a voice the device can load.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _student_arguments(commands.add_parser("student", help="int8 voice folder of a training checkpoint", description=_student.__doc__))
    gptsovits.import_arguments(
        commands.add_parser("gptsovits", help="voice folder of somebody's own GPT-SoVITS checkpoints", description=gptsovits.IMPORT)
    )
    gptsovits.verify_arguments(
        commands.add_parser("verify-vectors", help="is GPT-SoVITS numerically the original?", description=gptsovits.VERIFY)
    )
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    return carried_out("quantize", lambda: options.action(options, given))


def _student_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_student)
    add = parser.add_argument
    add("checkpoint", type=Path, help="step-*.pt, or a run's folder, of which the chosen one is taken, else the newest")
    add("--out", required=True, type=Path, metavar="VOICE_DIR", help="the voice folder; must not exist")
    add("--replace", action="store_true", help="let it take the place of the voice at --out, if every gate passes")
    add("--recipe", type=Path, metavar="TOML", help="the recipe it was trained by: id, name, languages and teacher are taken from it")
    add("--voice-id", metavar="ID", help="instead of the recipe's")
    add("--name", help="for people, instead of the recipe's")
    add("--languages", type=lambda value: tuple(value.split(",")), metavar="zh,en", help="instead of the recipe's")
    add("--teacher-name", metavar="TEXT", help="for the card, instead of the recipe's")
    add("--licence", default="not stated", help="of the voice, for its card")
    add("--data", default="not stated", metavar="TEXT", help="what it was trained on, for its card")
    add("--scores", type=Path, metavar="JSON", help="scores.json of an evaluation, for its card")
    add("--teacher", type=Path, metavar="PATH", help="the teacher's files, for the table of sizes")
    add("--report", type=Path, metavar="MD", help="default: VOICE_DIR.report.md; written even if a gate fails")
    add("--mos", action="store_true", help="compare DistillMOS with float32's (needs the score extra)")
    add("--whisper", type=Path, metavar="DIR", help="compare recognition with float32's by the recogniser in DIR (needs the score extra)")
    for name, default, text in (
        ("check", _STANDARD.check, "for the variants' losses"),
        ("layers", _STANDARD.layers, "for each layer's loss"),
        ("calibrate", _STANDARD.calibrate, "for static ranges"),
        ("hear", _STANDARD.hear, "for the scorers"),
    ):
        add(f"--{name}", type=_positive, default=default, metavar="N", help=f"sentences a language {text} (default: %(default)s)")


def _student(options: argparse.Namespace, given: Sequence[str]) -> None:
    """Export, quantize, measure, and write the voice folder if every gate passes."""
    student = load_student(options.checkpoint)
    try:
        built = build_voice(
            student,
            options.out,
            _about(options, given, student),
            effort=Effort(options.check, options.layers, options.calibrate, options.hear),
            teacher=options.teacher,
            listeners=_listeners(options),
            replace=options.replace,
            report_to=options.report,
            progress=partial(tqdm, leave=False),
        )
    except GatesFailed as error:
        print(report.gate_table(error.report.gates))
        raise
    print(report.size_table(built.sizes), report.gate_table(built.gates), f"wrote {options.out}", sep="\n\n")


def _about(options: argparse.Namespace, given: Sequence[str], student: Student) -> About:
    recipe = load_recipe(options.recipe) if options.recipe else None
    voice = recipe.voice if recipe else None
    return About(
        voice_id=options.voice_id or (voice.voice_id if voice else options.out.name),
        display_name=options.name or (voice.display_name if voice else options.out.name),
        languages=options.languages or (voice.languages if voice else ("zh", "en")),
        teacher=options.teacher_name or (_teacher(recipe) if recipe else "not stated"),
        licence=options.licence,
        data=options.data,
        commit=commit(),
        command=command(given),
        scores=_scores(options.scores) if options.scores else {},
        cloned_from=_cloned_from(recipe, student),
    )


def _cloned_from(recipe: Recipe | None, student: Student) -> tuple[str, ...] | None:
    """Whose voice it is, by what its training kept and by the recipe: neither can be left out to be rid of the other.

    Raises:
        QuantizeError: neither says it.
    """
    if recipe is None and not student.says_whose:
        raise QuantizeError("the checkpoint does not say whose voice it is; give the --recipe it was trained by, whose teacher does")
    told = [each for each in (student.cloned_from, recipe.teacher.cloned_from() if recipe else None) if each is not None]
    return tuple(sorted({digest for each in told for digest in each})) if told else None


def _teacher(recipe: Recipe) -> str:
    style = " + ".join(f"{weight:g} {name}" for name, weight in recipe.teacher.style.items())
    return f"{recipe.teacher.name}, {style}" if style else recipe.teacher.name


def _scores(path: Path) -> dict[str, Any]:
    try:
        summary: dict[str, Any] = json.loads(path.read_text("utf-8"))["summary"]
        report.score_rows(summary)  # what cannot be shown in the end is refused now
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise QuantizeError(f"{path} is no scores.json of python -m distill evaluate: {error}") from error
    return summary


def _listeners(options: argparse.Namespace) -> list[Listener]:
    cache = options.out.parent / "cache"
    listeners: list[Listener] = []
    if options.whisper:
        from distill.evaluate.recognition import Recogniser

        listeners.append(Remembering(Recogniser(options.whisper, 1), cache))
    if options.mos:
        from distill.evaluate.naturalness import Naturalness

        listeners.append(Remembering(Naturalness(), cache))
    return listeners


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a positive whole number")
    return int(value)
