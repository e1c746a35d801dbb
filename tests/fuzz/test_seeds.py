"""The fuzzer's targets on its seeds, and on a few changes of each; ``python -m tests.fuzz`` goes on from there."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutation import repaired
from tests.fuzz.targets import TARGETS, seeds

CHANGES = 3


@pytest.fixture(scope="module")
def all_seeds() -> dict[str, list[bytes]]:
    return seeds()


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_taken_or_refused(all_seeds: dict[str, list[bytes]], name: str) -> None:
    taken = [TARGETS[name](seed) for seed in all_seeds[name]]
    assert any(taken)
    assert name == "public_key" or not all(taken)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_are_taken_or_refused(all_seeds: dict[str, list[bytes]], name: str) -> None:
    chance = random.Random(name)
    others = all_seeds[name]
    for seed in others:
        for _ in range(CHANGES):
            changed = _change(seed, chance.choice(others), chance)
            TARGETS[name](changed)
            TARGETS[name](repaired(changed))


def test_repair_leaves_a_right_archive_as_it_is(all_seeds: dict[str, list[bytes]]) -> None:
    right = all_seeds["container"][0]
    assert repaired(right) == right
    wrong = bytearray(right)
    wrong[150] ^= 1
    assert repaired(bytes(wrong)) == right


def _change(content: bytes, other: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content) + 1), chance.choice([0, 1, 1, 8, 512])
    middle = chance.choice([b"", other[at : at + length], chance.randbytes(length), b"0" * length, bytes(length)])
    return content[:at] + middle + content[at + length :]
