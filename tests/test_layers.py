"""Imports run one way: no two parts of the program need each other, and what is shipped needs nothing that is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "edge_agent").rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules of this repository that a file imports, and whether as soon as it is imported itself."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        at_once = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((name.name, at_once) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # "from edge_agent import x" imports the part x.
            yield from ((f"{node.module}.{name.name}", at_once) for name in node.names)


def part(module: str) -> str | None:
    """The package or module right below edge_agent that a module belongs to."""
    head, *rest = module.split(".")
    return rest[0] if head == "edge_agent" and rest else None


def own(path: Path) -> str | None:
    return part(".".join(path.relative_to(ROOT).with_suffix("").parts))


def test_no_part_needs_a_part_that_needs_it() -> None:
    needs: dict[str, set[str]] = {}
    for path in SOURCES:
        here = own(path)
        if here not in (None, "__init__", "__main__"):
            found = {part(module) for module, at_once in imported(path) if at_once}
            needs.setdefault(here, set()).update(found - {None, here, "__version__"})
    assert len(needs) > 30
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(f"imports go round: {' <- '.join(error.args[1])}")


def test_the_device_needs_nothing_of_the_workstation() -> None:
    for path in SOURCES:
        assert not [module for module, _ in imported(path) if module.split(".")[0] in ("distill", "quantize", "torch")], path


@pytest.mark.parametrize("lower", ["voices", "text", "synthesis", "phrases", "playback", "journal", "parse", "policy"])
def test_what_is_below_knows_nothing_of_what_is_above(lower: str) -> None:
    for path in (ROOT / "edge_agent" / lower).rglob("*.py"):
        assert not {part(module) for module, _ in imported(path)} & {"agent", "cli", "core", "worker", "voice_switch"}, path
