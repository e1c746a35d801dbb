"""Text as it arrives to phonemes as a voice reads them.

    from edge_agent.text import plan
    plan("G1234次列车将于14:05发车。").items

`plan` is all the daemon needs; `normalise` and `phonemes` are its two steps for training and for looking.
`FRONT_END_VERSION` belongs into the key of everything made from a plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from edge_agent.text import mixed
from edge_agent.text.errors import NothingSpeakable, SsmlError, TextError
from edge_agent.text.items import Chime, Item, Pause, Plan, Speech
from edge_agent.text.normaliser import normalise
from edge_agent.text.planner import plan, plan_as

if TYPE_CHECKING:
    FRONT_END_VERSION: str

__all__ = [
    "FRONT_END_VERSION",
    "Chime",
    "Item",
    "Lang",
    "NothingSpeakable",
    "Pause",
    "Plan",
    "Speech",
    "SsmlError",
    "TextError",
    "normalise",
    "phonemes",
    "plan",
    "plan_as",
]

Lang = Literal["auto", "zh", "en"]


def phonemes(text: str, lang: Lang = "auto") -> str:  # noqa: ARG001 - the same call as normalise
    """Phonemes of already normalised text, every symbol in `symbols.SYMBOLS`; empty if nothing in it is spoken.

    Chinese characters are read in Mandarin and Latin letters in English whatever `lang` says: it decides only how
    `normalise` reads what belongs to no script, digits above all.
    """
    return mixed.phonemes(text)


def __getattr__(name: str) -> str:
    """`FRONT_END_VERSION`, computed when first asked for, because it reads every table."""
    if name == "FRONT_END_VERSION":
        from edge_agent.text.version import front_end_version

        return front_end_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
