"""The commands of distill/README.md exist, with all their options, and its recipe is one."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

import quantize.cli
from distill import __main__ as distill
from distill import recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(distill.__file__).parent
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL)
COMMANDS = [
    shlex.split(line, comments=True)
    for kind, block in BLOCKS
    if kind == "sh"
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("python -m ")
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command(command, monkeypatch):
    called = []

    def act(*options):
        """Stands for every action."""
        called.append(options)

    for name in ("assemble", "corpus", "train", "choose", "run", "seeds", "evaluate", "report", "enrol"):
        monkeypatch.setattr(distill, f"_{name}", act)
    monkeypatch.setattr(quantize.cli, "_student", act)
    main = {"distill": distill.main, "quantize": quantize.cli.main}[command[2]]

    assert main(command[3:]) == 0
    assert len(called) == 1


def test_every_step_is_shown():
    steps = ("assemble", "corpus", "train", "choose", "seeds", "evaluate", "report", "enrol", "student")

    assert set(steps) == {command[3] for command in COMMANDS}


BY_TORCH, WITH_A_SERVER, WITHOUT = (tomllib.loads(block) for kind, block in BLOCKS if kind == "toml")


def test_the_recipe_on_a_gpu():
    values = tomllib.loads((FOLDER / "recipes" / "default_zh_en.toml").read_text("utf-8"))
    problems = []
    built = recipe._build(recipe.Recipe, {**values, "teacher": {**values["teacher"], **BY_TORCH["teacher"]}}, "", problems)

    assert problems == [] == built.faults()
    assert (built.teacher.backend, built.teacher.device) == ("torch", "cuda")


@pytest.mark.parametrize("shown", [WITH_A_SERVER, {**WITH_A_SERVER, **WITHOUT}], ids=["server", "checkpoints"])
def test_the_recipe_of_a_person(shown):
    values = tomllib.loads((FOLDER / "recipes" / "default_zh_en.toml").read_text("utf-8"))
    problems = []
    built = recipe._build(recipe.Recipe, {**values, **shown}, "", problems)

    assert problems == []
    assert built.faults() == []
    assert built.teacher.audio_only
