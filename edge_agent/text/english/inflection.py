"""English endings as the last sound of the stem asks for them."""

from __future__ import annotations

_VOICELESS = frozenset("ptkfθ")
_SIBILANT = frozenset("szʃʒʧʤ")
_FLAPPING = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
_OPEN = frozenset("AIOWYiuəɹ")
FLAP = "T"
"""The American t of ``water``, in the symbols of Kokoro v1.0."""


def plural(stem: str) -> str:
    """-s, -es and 's: cats, dogs, buses."""
    if stem[-1] in _VOICELESS:
        return stem + "s"
    return stem + ("ᵻz" if stem[-1] in _SIBILANT else "z")


def past(stem: str) -> str:
    """-ed: stopped, opened, landed, waited (whose t is flapped)."""
    if stem[-1] == "t":
        return _flapped(stem) + "ᵻd"
    if stem[-1] == "d":
        return stem + "ᵻd"
    return stem + ("t" if stem[-1] in _VOICELESS | frozenset("sʃʧ") else "d")


def gerund(stem: str) -> str:
    """-ing: boarding, waiting (whose t is flapped)."""
    return _flapped(stem) + "ɪŋ"


def agent(stem: str) -> str:
    """-er: scanner, waiter (whose t is flapped)."""
    return _flapped(stem) + "əɹ"


def adverb(stem: str) -> str:
    """-ly: quickly; ``simple`` loses its own syllable in ``simply``."""
    return stem.removesuffix("ᵊl") + "li" if stem.endswith("ᵊl") else stem.removesuffix("l") + "li"


def have(stem: str) -> str:
    """'ve: who've, which've."""
    return stem + ("v" if stem[-1] in _OPEN else "əv")


def will(stem: str) -> str:
    """'ll: who'll, that'll."""
    return stem + ("l" if stem[-1] in _OPEN else "əl")


def would(stem: str) -> str:
    """'d: who'd, that'd."""
    return stem + ("d" if stem[-1] in _OPEN else "əd")


def are(stem: str) -> str:
    """'re: who're, gates're."""
    return stem + "əɹ"


def _flapped(stem: str) -> str:
    return stem[:-1] + FLAP if len(stem) > 1 and stem[-1] == "t" and stem[-2] in _FLAPPING else stem
