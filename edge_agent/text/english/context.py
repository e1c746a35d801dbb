"""What a word's neighbours are, as far as its sounds depend on them."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.text.english.stress import VOWELS


@dataclass(frozen=True, slots=True)
class Context:
    """The neighbours of one word. Words are lower-case; ``""`` stands for a pause or the edge of the text."""

    earlier: str = ""
    """The word before the previous one."""
    previous: str = ""
    following: str = ""
    later: str = ""
    """The word after the following one."""
    following_sounds: str = ""
    before_letter: bool = False
    """The following word is a single capital."""
    shouted: bool = False
    """The whole text is in capitals, so capitals say nothing about a word."""

    @property
    def before_pause(self) -> bool:
        return not self.following_sounds

    @property
    def before_vowel(self) -> bool:
        return next((symbol in VOWELS for symbol in self.following_sounds if symbol not in "ˈˌ"), False)
