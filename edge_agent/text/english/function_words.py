"""Small words whose sounds follow from their place in the sentence: the, a, to, in, by, used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edge_agent.text.english.context import Context

_NUMBERS = frozenset(
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_AFTER_CODE = frozenset(("", "to", "please", "is", "has", "at", "and", "now", "your", "will"))
"""What follows a number that belongs to a letter, A five is ready, and not to a thing: a five dollar note."""
_LETTER_AFTER = frozenset(
    "gate platform terminal section zone row seat block building hall room floor level line area track tower wing "
    "exit entrance bus bay dock vitamin plan option class grade group type category letter lot counter ward".split()
)
_PARTICLE_VERBS = frozenset(
    "check checked checking log logged logging sign signed signing plug plugged plugging tap tapped come comes came "
    "coming go going get getting hand handed stand fill filled".split()
)
_AFTER_PARTICLE = frozenset("at with to for and or before after now here online early your the using via".split())


def function_word(text: str, context: Context) -> str | None:
    """Return the sounds of ``text`` if it is one of these words, else None."""
    rule = _RULES.get(text.lower())
    return rule(text, context) if rule else None


def _the(_text: str, context: Context) -> str:
    return "ði" if context.before_vowel else "ðə"


def _a(text: str, context: Context) -> str:
    if context.before_pause or context.previous in _LETTER_AFTER:
        return "ˈA"
    is_number = context.following in _NUMBERS and (context.later in _AFTER_CODE or context.later in _NUMBERS)
    is_article = text == "a" or context.shouted or not (context.previous or is_number)
    is_spelled = text == "A" and (context.before_letter or len(context.previous) == 1)
    return "ɐ" if is_article and not is_spelled else "ˈA"


def _an(_text: str, _context: Context) -> str:
    return "ɐn"


def _am(text: str, context: Context) -> str | None:
    if text.isupper() and not (context.shouted and context.previous == "i"):
        return None
    return "æm" if context.before_pause or text != "am" else "ɐm"


def _i(text: str, context: Context) -> str | None:
    if text != "I":
        return None
    is_letter = len(context.previous) == 1 or context.previous in _LETTER_AFTER
    return "ˈI" if is_letter else "ˌI"


def _to(_text: str, context: Context) -> str:
    if context.before_pause:
        return "tu"
    return "tʊ" if context.before_vowel else "tə"


def _in(_text: str, context: Context) -> str:
    is_particle = context.previous in _PARTICLE_VERBS and context.following in _AFTER_PARTICLE
    return "ˈɪn" if context.before_pause or is_particle else "ɪn"


def _used(_text: str, context: Context) -> str | None:
    is_habit = context.following == "to" and context.previous not in _PASSIVE
    return "jˈust" if is_habit else "jˈuzd"


_PASSIVE = frozenset("is are was were be been being it's".split())

_RULES: Mapping[str, Callable[[str, Context], str | None]] = MappingProxyType(
    {"the": _the, "a": _a, "an": _an, "am": _am, "i": _i, "to": _to, "in": _in, "used": _used}
)
