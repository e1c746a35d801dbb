"""What a family of slots is made of: patterns, most specific first, each with its reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
TO: Final = r"\s*(?:-|–|—|~|至|到)\s*"
"""Between the two ends of a range."""
BEFORE_NOUN: Final = (
    r"(?=[ -](?!(?:of|in|on|at|to|from|and|or|is|are|was|were|has|had|will|can|may|must|away|ahead|off|per|for|with|after|before|"
    r"later|earlier|every|each|when|if|by|until|as|more|less|than|then|plus|worth|back|since|so|but|only|"
    r"below|above|under|over|into|inside|between|onto)\b)[A-Za-z])"
)
"""Behind an amount that says of what kind a thing is: a 20 ft trailer, a $20 voucher."""
NOT_IN_CODE: Final = r"(?<![A-Za-z\d])"


@dataclass(frozen=True)
class Rule:
    """Replaces every match of `pattern` by `read(match)`."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str]


def rule(pattern: str, read: Callable[[re.Match[str]], str] | str, flags: int = 0) -> Rule:
    """A rule; `read` may be a template as in `re.sub`. A Chinese character is no letter to `\\b` and `\\w`."""
    if isinstance(read, str):
        template = read
        return Rule(re.compile(pattern, flags | re.ASCII), lambda match: match.expand(template))
    return Rule(re.compile(pattern, flags | re.ASCII), read)


def apply(rules: Sequence[Rule], text: str) -> str:
    """`text` after every rule in order."""
    for each in rules:
        text = each.pattern.sub(each.read, text)
    return text
