"""Letter names: ATM, VIP, G P S."""

from __future__ import annotations

from edge_agent.text.english.stress import PRIMARY, SECONDARY

_NAMES = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "A bi si di i ɛf ʤi Aʧ I ʤA kA ɛl ɛm ɛn O pi kju ɑɹ ɛs ti ju vi dʌbᵊlju ɛks wI zi".split(),
        strict=True,
    )
)
_DIGITS = "zˈɪɹO wˈʌn tˈu θɹˈi fˈɔɹ fˈIv sˈɪks sˈɛvən ˈAt nˈIn".split()


def spell(letters: str) -> str:
    """Return the names of the English letters in ``letters``; the last one carries the stress, as announcers say it."""
    names = [_marked(_NAMES[letter]) for letter in letters.upper() if letter in _NAMES]
    head, stress, tail = "".join(names).rpartition(SECONDARY)
    return head + PRIMARY + tail if stress else ""


def digit(figure: str) -> str:
    """Return the name of one decimal figure."""
    return _DIGITS[int(figure)]


def _marked(name: str) -> str:
    at = next(i for i, symbol in enumerate(name) if symbol in "AIOiuɑɛʌ")
    return name[:at] + SECONDARY + name[at:]
