"""Where a word's stress marks go. A mark stands right before the vowel it belongs to."""

from __future__ import annotations

PRIMARY, SECONDARY = "ˈ", "ˌ"
VOWELS = frozenset("AIOQWYaiuæɐɑɒɔəɛɜɪʊʌᵊᵻ")
_FULL_VOWELS = VOWELS - {"ᵊ"}
_LONG = frozenset("AIOQWYʤʧ")


def strengthen(sounds: str, mark: str) -> str:
    """Give an unmarked word ``mark`` on its first full vowel; ``PRIMARY`` also raises one that has only secondary."""
    if PRIMARY in sounds:
        return sounds
    if SECONDARY in sounds:
        return sounds.replace(SECONDARY, PRIMARY) if mark == PRIMARY else sounds
    at = next((i for i, symbol in enumerate(sounds) if symbol in _FULL_VOWELS), None)
    return sounds if at is None else f"{sounds[:at]}{mark}{sounds[at:]}"


def weaken(sounds: str) -> str:
    """Lower primary stress to secondary and drop secondary, as the weaker half of a compound is said."""
    return sounds.replace(SECONDARY, "").replace(PRIMARY, SECONDARY) if PRIMARY in sounds else sounds


def compound(parts: list[str]) -> str:
    """Join the parts of a closed compound (``self`` + ``service``) so that only its heavier half keeps full stress."""
    parts = list(parts)
    strong = sum(PRIMARY in part for part in parts)
    if len(parts) > 1 and strong > (len(parts) + 1) // 2:
        by_weight = sorted(range(len(parts)), key=lambda i: (PRIMARY in parts[i], _weight(parts[i]), i))
        for i in by_weight[: len(parts) // 2]:
            parts[i] = weaken(parts[i])
    return "".join(parts)


def _weight(sounds: str) -> int:
    return sum(2 if symbol in _LONG else 1 for symbol in sounds)
