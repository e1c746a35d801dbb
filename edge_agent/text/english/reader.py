"""Reads English text aloud on paper: words to phonemes, one sentence at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from edge_agent.text.english import inflection, stress
from edge_agent.text.english.context import Context
from edge_agent.text.english.function_words import function_word
from edge_agent.text.english.heteronyms import parts_of_speech, special_sounds
from edge_agent.text.english.lexicon import SPELLED, Lexicon
from edge_agent.text.english.pinyin_names import name_sounds
from edge_agent.text.english.spelling import digit, spell
from edge_agent.text.english.tokens import Token, fold, tokenize

_WRITTEN_OUT = {"%": "percent", "&": "and", "+": "plus", "@": "at", "vs": "versus", "vs.": "versus", "Vs.": "versus"}
_TITLES = {"St.": "Saint", "Mt.": "Mount", "Prof.": "Professor", "Mrs.": "missus"}
_DOTTED = re.compile(r"(?:[A-Za-z]\.){2,}|(?:[A-Za-z]\.)+[A-Za-z]")
_CLAN = re.compile(r"(Mc|Mac)([A-Z][a-z]+)")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+")
_DOUBLED = re.compile(r"([bcdgklmnprstvxz])\1$|ck$")
_LONGEST_SPELLED = 5
_SHORTEST_HALF = 4
_NEW_WORDS_KEPT = 512
"""A word is read once to see where its sentence may be cut, and again with its neighbours."""
_LONGEST_WORD = 40
"""Letters; what is longer is no word, and is guessed in runs of as many."""


class Reader:
    """Turns text into phonemes: dictionary first, then rules for what it lacks, then a guess from the letters."""

    def __init__(self, lexicon: Lexicon, guess: Callable[[str], str]) -> None:
        """Args:
        guess: gives the sounds of a word of plain letters; ``""`` where it has none to offer.
        """
        self._lexicon = lexicon
        self._guess = guess
        self._new_word = lru_cache(_NEW_WORDS_KEPT)(self._made_up)

    def read(self, text: str) -> str:
        """Return the phonemes of ``text``; see ``edge_agent.text.english.phonemes``."""
        tokens = tokenize(text)
        shouted = text.upper() == text and self._has_words(tokens)
        spoken: list[str] = []
        following_sounds = ""
        for i in reversed(range(len(tokens))):
            token = tokens[i]
            following = _next(tokens, i)
            previous = _previous(tokens, i)
            context = Context(
                earlier=_previous(tokens, i - 1).lower() if previous else "",
                previous=previous.lower(),
                following=following.lower(),
                later=_next(tokens, i + 1).lower() if following else "",
                following_sounds=following_sounds if following else "",
                before_letter=len(following) == 1 and following.isupper(),
                shouted=shouted,
            )
            following_sounds = self._token(token, context)
            spoken.append(f"{token.before}{following_sounds}{token.after}")
        return " ".join(reversed(spoken))

    def _has_words(self, tokens: list[Token]) -> bool:
        """Whether one of several words in capitals is written in small letters elsewhere: ABS and ESC are none."""
        words = [token.text for token in tokens if len(token.text) > 1]
        return len(words) > 1 and any(self._lexicon.find_exact(word.lower()) and not self._lexicon.find_exact(word) for word in words)

    def _token(self, token: Token, context: Context) -> str:
        text = _WRITTEN_OUT.get(token.text, token.text)
        if not text.isascii():
            return self._known(text, context) or self._token(replace(token, text=fold(text)), context)
        if text.isdigit():
            return digit(text)
        if text in _TITLES:
            return self._word(_TITLES[text], context)
        if _DOTTED.fullmatch(text):
            return spell(text)
        bare = text.strip("'")
        sounds = self._known(text, context) or (self._known(bare, context) if bare != text else None)
        if sounds:
            return sounds
        return self._compound(bare.split("-"), context) if "-" in bare else self._unknown(bare, context)

    def _compound(self, parts: list[str], context: Context) -> str:
        """Join hyphenated or humped parts; each is read before the sounds of the next one."""
        sounds: list[str] = []
        following = context.following_sounds if parts[-1].islower() else "."
        for part in reversed(parts):
            sounds.insert(0, self._word(part, Context(following_sounds=following, shouted=context.shouted)))
            following = sounds[0]
        if len(parts) == 2 and len(parts[0]) == 1:
            return sounds[0] + stress.weaken(sounds[1])
        return stress.compound(sounds)

    def _word(self, text: str, context: Context) -> str:
        return self._known(text, context) or self._unknown(text, context)

    def _known(self, text: str, context: Context) -> str | None:
        """Return the sounds of a function word, a dictionary word or an inflected one, stressed as its capitals ask."""
        sounds = function_word(text, context) or special_sounds(text.lower(), context)
        if sounds:
            return sounds
        if text.isupper() and len(text) > 1 and "'" not in text:
            sounds = self._capitals(text, context)
        else:
            sounds = self._looked_up(text, *parts_of_speech(text.lower(), context)) or self.inflected(text)
        if not sounds or text.islower() or context.shouted:
            return sounds
        return stress.strengthen(sounds, stress.PRIMARY if text.isupper() else stress.SECONDARY)

    def _looked_up(self, text: str, *tags: str) -> str | None:
        entry = self._lexicon.find(text)
        if entry is None:
            return None
        sounds = entry.sounds(*tags)
        return spell(text) if sounds == SPELLED else sounds

    def _capitals(self, text: str, context: Context) -> str | None:
        """Tell an acronym that is spelled (ATM), one that is said (NASA) and a word that is shouted (EXIT) apart."""
        entry = self._lexicon.find_exact(text)
        if entry is not None:
            is_letters = entry.default == SPELLED or (SPELLED in entry.variants.values() and not context.shouted)
            return spell(text) if is_letters else entry.default
        word = text.lower()
        if len(text) > _LONGEST_SPELLED or self._lexicon.find_exact(word):
            return self._looked_up(word, *parts_of_speech(word, context)) or self.inflected(word)
        # MMS and EHS end like plurals, but of no word.
        is_plural = context.shouted or re.fullmatch(r"(?=.*[aeiouy])[a-z]{4,}", word)
        return (self.inflected(word) if is_plural else None) or spell(text)

    def inflected(self, text: str) -> str | None:
        """Return the sounds of ``text`` if it is a dictionary word with an ending (passengers, opening), else None."""
        for ending, stem_endings, inflect in _ENDINGS:
            base = text.removesuffix(ending)
            if base == text or len(base) < 2:
                continue
            stems = [base + stem_ending for stem_ending in stem_endings]
            if inflect in _DOUBLING and _DOUBLED.search(base):
                stems.append(base[:-1])
            for stem in stems:
                is_acronym = stem.isupper() and len(stem) > 1
                sounds = self._capitals(stem, Context()) if is_acronym else self._looked_up(stem, *_STEM_TAGS.get(inflect, ()))
                if sounds:
                    return inflect(sounds)
        return None

    def _unknown(self, text: str, context: Context) -> str:
        """Return the sounds of a word that is in no dictionary."""
        if clan := _CLAN.fullmatch(text):
            name = self._word(clan[2], context)
            return ("mə" if clan[1] == "Mc" else "mæ") + ("" if name[0] in "kɡ" else "k") + name
        humps = _HUMPS.findall(text)
        if len(humps) > 1 and "".join(humps) == text:
            return self._compound(humps, context)
        if text.endswith("'s"):
            return inflection.plural(self._word(text[:-2], context))
        letters = text.replace("'", "")
        acronym = self._lexicon.find_exact(text.upper())
        if (acronym and acronym.default == SPELLED) or not re.search("[aeiouy]", letters.lower()):
            return spell(text)
        return self._new_word(text)

    def _made_up(self, text: str) -> str:
        """Return the sounds of a name, of two words written as one, or else what the letters make likely."""
        sounds = name_sounds(text) if text[0].isupper() and len(text) > 1 else None
        return sounds or self._closed_compound(text) or self._guessed(text.replace("'", ""))

    def _closed_compound(self, text: str) -> str | None:
        """Read ``smartcard`` as ``smart`` and ``card`` if both are common words; the most even split wins."""
        if len(text) > _LONGEST_WORD:
            return None
        word = text.lower()
        splits = range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1)
        for at in sorted(splits, key=lambda at: (abs(2 * at - len(word)), at)):
            if (first := self._lexicon.find_exact(word[:at])) and (second := self._lexicon.find_exact(word[at:])):
                return first.default + stress.weaken(second.default)
        return None

    def _guessed(self, letters: str) -> str:
        runs = [letters[at : at + _LONGEST_WORD] for at in range(0, len(letters), _LONGEST_WORD)]
        return "".join(stress.strengthen(self._guess(run), stress.PRIMARY) or spell(run) for run in runs)


def _previous(tokens: list[Token], i: int) -> str:
    return "" if i < 1 or tokens[i - 1].pauses else tokens[i - 1].text


def _next(tokens: list[Token], i: int) -> str:
    return "" if i + 1 >= len(tokens) or tokens[i].pauses else tokens[i + 1].text


_ENDINGS: tuple[tuple[str, tuple[str, ...], Callable[[str], str]], ...] = (
    ("'s", ("",), inflection.plural),
    ("'ve", ("",), inflection.have),
    ("'ll", ("",), inflection.will),
    ("'d", ("",), inflection.would),
    ("'re", ("",), inflection.are),
    ("s", ("",), inflection.plural),
    ("ies", ("y",), inflection.plural),
    ("es", ("",), inflection.plural),
    ("ed", ("e", ""), inflection.past),
    ("ied", ("y",), inflection.past),
    ("ing", ("", "e"), inflection.gerund),
    ("er", ("", "e"), inflection.agent),
    ("ly", ("",), inflection.adverb),
)
_STEM_TAGS = {inflection.past: ("VERB",), inflection.gerund: ("VERB",), inflection.agent: ("VERB",)}
_DOUBLING = frozenset(_STEM_TAGS)
