"""Reads English text aloud on paper: words to phonemes, one sentence at a time."""

from __future__ import annotations

import re

from edge_agent.text.english import inflection, stress
from edge_agent.text.english.context import Context
from edge_agent.text.english.function_words import function_word
from edge_agent.text.english.lexicon import SPELLED, Entry, Lexicon
from edge_agent.text.english.spelling import digit, spell
from edge_agent.text.english.tokens import Token, tokenize

_SYMBOLS = {"%": "percent", "&": "and", "+": "plus", "@": "at"}
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+")
_LONGEST_SPELLED = 5


class Reader:
    """Turns text into phonemes with a dictionary, rules for what it lacks, and letter names for the rest."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def read(self, text: str) -> str:
        """Return the phonemes of ``text``; see ``edge_agent.text.english.phonemes``."""
        tokens = tokenize(text)
        shouted = text.upper() == text
        spoken: list[str] = []
        following_sounds = ""
        for i in reversed(range(len(tokens))):
            token = tokens[i]
            if token.pauses:
                following_sounds = ""
            following = tokens[i + 1].text if i + 1 < len(tokens) and not token.pauses else ""
            previous = tokens[i - 1].text if i > 0 and not tokens[i - 1].pauses else ""
            context = Context(
                previous.lower(), following.lower(), following_sounds, following[:1].isupper(), shouted
            )
            following_sounds = self._token(token, context)
            spoken.append(f"{token.before}{following_sounds}{token.after}")
        return " ".join(reversed(spoken))

    def _token(self, token: Token, context: Context) -> str:
        text = _SYMBOLS.get(token.text, token.text)
        if text.isdigit():
            return digit(text)
        if "." in text:
            return spell(text)
        sounds = self._known(text, context) or self._known(text.strip("'"), context)
        if sounds:
            return sounds
        parts = [part for part in re.split(r"-", text.strip("'")) if part]
        if len(parts) == 1:
            return self._word(parts[0], context)
        sounds = [self._known(part, Context(following_sounds="-")) or self._word(part, Context()) for part in parts]
        if len(parts) == 2 and len(parts[0]) == 1:
            return sounds[0] + stress.weaken(sounds[1])
        return stress.compound(sounds)

    def _known(self, text: str, context: Context) -> str | None:
        """Return the sounds of a function word, a dictionary word or an inflected one."""
        sounds = function_word(text, context)
        if sounds:
            return sounds
        if text.isupper() and len(text) > 1 and "'" not in text:
            sounds = self._capitals(text, context)
        else:
            sounds = self._looked_up(text, context) or self._inflected(text, context)
        if not sounds or text.islower() or context.shouted:
            return sounds
        return stress.strengthen(sounds, stress.PRIMARY if text.isupper() else stress.SECONDARY)

    def _looked_up(self, text: str, context: Context) -> str | None:
        entry = self._lexicon.find(text)
        return None if entry is None else self._spoken(text, entry, context)

    def _spoken(self, text: str, entry: Entry, context: Context) -> str:
        sounds = entry.sounds(*(["None"] if context.before_pause else []))
        return spell(text) if sounds == SPELLED else sounds

    def _capitals(self, text: str, context: Context) -> str | None:
        entry = self._lexicon.find(text)
        if entry is not None:
            is_letters = entry.default == SPELLED or SPELLED in entry.variants.values() and not context.shouted
            return spell(text) if is_letters else entry.default
        sounds = self._looked_up(text.lower(), context) or self._inflected(text.lower(), context)
        if sounds is None and len(text) <= _LONGEST_SPELLED:
            return spell(text)
        return sounds

    def _inflected(self, text: str, context: Context) -> str | None:
        for ending, stem_endings, inflect in _ENDINGS:
            if not text.endswith(ending) or len(text) - len(ending) < 2:
                continue
            base = text[: -len(ending)]
            for stem_ending in stem_endings:
                if stem_ending == _DOUBLED:
                    stem = base[:-1] if re.search(r"([bcdgklmnprstvxz])\1$|ck$", base) else ""
                else:
                    stem = base + stem_ending
                is_acronym = stem.isupper() and len(stem) > 1
                sounds = self._capitals(stem, context) if is_acronym else stem and self._looked_up(stem, context)
                if sounds:
                    return inflect(sounds)
        return None

    def _word(self, text: str, context: Context) -> str:
        """Return the sounds of a word no rule knows."""
        humps = _HUMPS.findall(text)
        if len(humps) > 1 and "".join(humps) == text:
            return stress.compound([self._known(hump, context) or self._word(hump, context) for hump in humps])
        return spell(text)


_DOUBLED = "doubled"
_ENDINGS = (
    ("'s", ("",), inflection.plural),
    ("s", ("",), inflection.plural),
    ("ies", ("y",), inflection.plural),
    ("es", ("",), inflection.plural),
    ("ed", ("e", "", _DOUBLED), inflection.past),
    ("ied", ("y",), inflection.past),
    ("ing", ("", "e", _DOUBLED), inflection.gerund),
    ("ly", ("",), inflection.adverb),
)
