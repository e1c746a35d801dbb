"""What the Mandarin reader makes of a sentence."""

from __future__ import annotations

import re

from edge_agent.text import mandarin


def syllables(sentence: str, word: str) -> str:
    """Syllables of `word` where it first stands in `sentence`."""
    characters, read = "", []
    for run in re.findall("[\u3400-\u9fff]+", sentence):
        for each in mandarin.read(run):
            characters += each.text
            read += each.syllables
    at = characters.index(word)
    return " ".join(read[at : at + len(word)])
