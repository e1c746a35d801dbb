"""GPT-SoVITS's phoneme tables and their numbers; see symbols.txt.origin."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from edge_agent.text import TextError

SIZES: Final = MappingProxyType({"v1": 322, "v2": 732})
"""Symbols of each table; the first of the longer one are those of the shorter."""


@lru_cache(maxsize=2)
def table(family: str) -> MappingProxyType[str, int]:
    """Ids by symbol of the ``v1`` or the ``v2`` table, the latter for the Pro models too."""
    symbols = (resources.files("edge_agent.synthesis.gptsovits") / "symbols.txt").read_text("utf-8").splitlines()
    return MappingProxyType({symbol: number for number, symbol in enumerate(symbols[: SIZES[family]])})


def encode(phones: Iterable[str], family: str) -> list[int]:
    """Ids of ``phones`` in the table of ``family``.

    Raises:
        TextError: the table lacks one of them; its ``position`` is an index into ``phones``.
    """
    known = table(family)
    ids = []
    for position, phone in enumerate(phones):
        if phone not in known:
            raise TextError(f"this voice has no sound {phone!r}: it is not in GPT-SoVITS's {family} phoneme table", position=position)
        ids.append(known[phone])
    return ids
