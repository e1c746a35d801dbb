"""Splits a sentence into words and the punctuation that stays attached to them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

PAUSES = frozenset(";:,.!?—…")
_KEPT = frozenset("—…“”")
_ACCENTED = "éè"
"""The accents that some words differ by: a rosé is no rose."""
_LETTER = f"[A-Za-z{_ACCENTED}]"
_WORD = rf"{_LETTER}+(?:'{_LETTER}+)*"
_ABBREVIATION = r"""
    (?:Mr|Mrs|Ms|Dr|Prof|St|Mt|vs|Vs)\.(?=\s+[A-Za-z])
  | No\.(?=\s+(?:[0-9]|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty)\b))
"""
_DOTTED = r"(?:[A-Za-z]\.){2,}(?![A-Za-z]) | (?:[A-Za-z]\.)+[A-Za-z](?![A-Za-z'-])"
_TOKEN = re.compile(
    rf"""
    (?P<word> {_DOTTED} | {_ABBREVIATION} | '?{_WORD}(?:-{_WORD})*'? | [0-9] | [%&+@] )
  | (?P<dash> (?<!\S)-+(?!\S) | --+ )
  | (?P<mark> [;:,.!?—…“”()"] )
  | (?P<gap> \s+ )
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_FOLD = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "ʼ": "'", "–": "—", "―": "—", "‐": "-", "‑": "-", "−": "-", "«": "“", "»": "”"}
    | {"„": "“", "¿": "", "¡": "", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O"}
    | {"đ": "d", "Đ": "D", "ð": "th", "Ð": "Th", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h", "Ħ": "H"}
    | {"[": "(", "]": ")", "{": "(", "}": ")", "。": ".", "、": ",", "【": "(", "】": ")", "《": "“", "》": "”"}
    | {"「": "“", "」": "”"}
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word as written, with the punctuation in front of and behind it (only the front of the first word)."""

    text: str
    before: str = ""
    after: str = ""

    @property
    def pauses(self) -> bool:
        """Whether the speaker stops after this word."""
        return not PAUSES.isdisjoint(self.after)


def tokenize(text: str) -> list[Token]:
    """Return the words of ``text`` in order; letters of other alphabets are folded to English ones first, but é and è."""
    tokens: list[Token] = []
    before = ""
    folded = fold(text, keep=_ACCENTED)
    for match in _TOKEN.finditer(folded):
        kind, found = match.lastgroup, match.group()
        if kind == "word":
            ends = re.fullmatch(r"(?:[A-Za-z]\.){2,}", found) and re.match(r"\s*(?:$|[A-Z])", folded[match.end() : match.end() + 2])
            tail = "." if ends else ""
            tokens.append(Token(found, before, tail))
            before = ""
        elif kind in ("mark", "dash"):
            mark = "—" if kind == "dash" else _curly(found, folded, match.start())
            opens = mark in "(“"
            if opens or not tokens:
                before += mark if opens else ""
            else:
                last = tokens[-1]
                tokens[-1] = Token(last.text, last.before, last.after + mark)
    return tokens


def fold(text: str, keep: str = "") -> str:
    """Spell ``text`` in the 26 letters and those of ``keep``: accents off, ligatures apart, other scripts by the names of
    their letters."""
    if text.isascii():
        return text.translate(_FOLD).replace("...", "…")
    text = "".join(symbol if symbol in keep else _plain(symbol) for symbol in unicodedata.normalize("NFC", text)).replace("...", "…")
    return "".join(symbol if symbol.isascii() or symbol in _KEPT or symbol in keep else _named(symbol) for symbol in text)


def _plain(symbol: str) -> str:
    apart = unicodedata.normalize("NFKD", symbol.translate(_FOLD)).translate(_FOLD)
    return "".join(part for part in apart if not unicodedata.combining(part))


def _named(symbol: str) -> str:
    """Read a letter outside A to Z by its Unicode name, the Greek letter for r as ``rho``; drop what is no letter."""
    if symbol.isdecimal():
        return str(unicodedata.decimal(symbol))
    if symbol.isspace() or not symbol.isalpha():
        return " "
    name = unicodedata.name(symbol, "")
    spoken = name.rpartition("LETTER ")[2] if "LETTER " in name else "character"
    return f" {spoken.lower()} "


def _curly(mark: str, text: str, at: int) -> str:
    if mark != '"':
        return mark
    return "“" if at == 0 or text[at - 1].isspace() or text[at - 1] in "(“—" else "”"
