"""Which reading of a word its neighbours ask for: close the door, a close call; to record, a record.

No tagger: announcements are short and plain, and the word before and after decides nearly all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edge_agent.text.english.context import Context

_DETERMINERS = frozenset("a an the this these those my your his her its our their no any some each every another".split())
_NUMBERS = frozenset("one two three four five six seven eight nine ten".split())
_PREPOSITIONS = frozenset("of in on at by for from with without under into per during after before via".split())
_NOUN_AFTER = _DETERMINERS | _NUMBERS | _PREPOSITIONS
_VERB_AFTER = frozenset(
    "to will can could should would must may might shall please not never always also then let's cannot don't doesn't "
    "didn't can't won't couldn't shouldn't wouldn't i you we they who do did i'll you'll we'll they'll it'll he'll "
    "she'll let help".split()
)
_OBJECTS = frozenset("the a an your this these those our my its his their it them me all any both".split())
_BE = frozenset("is are was were be been being am i'm you're we're they're it's he's she's".split())
_FINITE = frozenset("is was will must has can may should".split())
_PERFECT = frozenset("have has had having i've you've we've they've already".split())
_SINGULAR = frozenset("he she it everyone nobody somebody someone everybody".split())
_PLACES = frozenset("in on at here there near with together alone nearby up for".split())
_ON_AIR = _BE | frozenset("go going goes went broadcast broadcasting streaming performing watch see appearing".split())


def parts_of_speech(word: str, context: Context) -> tuple[str, ...]:
    """Return the dictionary's tags that ``word`` (lower-case) most likely has here, best first; none if unclear."""
    return (*_WORDS.get(word, _general)(context), *(["None"] if context.before_pause else []))


def special_sounds(word: str, context: Context) -> str | None:
    """Return the sounds of a reading the dictionary has no tag for, or None."""
    if word == "lead" and context.following in _METAL:
        return "lˈɛd"
    if word == "louis" and context.previous == "saint":
        return "lˈuɪs"
    if word == "des" and context.following in ("moines", "plaines"):
        return "də"
    if word == "pain" and context.following == "au":
        return "pˈæn"
    if word == "sake" and not (context.following == "of" or context.previous.endswith("s") or context.previous in _WHOSE):
        return "sˈɑki"
    return None


def _general(context: Context) -> tuple[str, ...]:
    before, after = context.previous, context.following
    if before in _VERB_AFTER:
        return ("VERB",)
    if before in _NOUN_AFTER or (before.endswith("'s") and before not in _BE | _VERB_AFTER):
        return ("ADJ", "NOUN")
    if after in _OBJECTS:
        return ("VERB",)
    if after == "of" or (not before and after in _FINITE):
        return ("NOUN",)
    return ()


def _close(context: Context) -> tuple[str, ...]:
    is_subject_before = context.previous.endswith("s") and context.previous not in _BE | _DETERMINERS | {"as", "us"}
    if is_subject_before and context.following not in ("to", "by", "together"):
        return ("VERB",)
    if context.previous in _NOUN_AFTER and context.following != "of":
        return ()
    return _general(context)


def _live(context: Context) -> tuple[str, ...]:
    if context.previous in _VERB_AFTER:
        return ("VERB",)
    is_on_air = context.previous in _ON_AIR | _NOUN_AFTER or not context.previous
    return ("VERB",) if context.following in _PLACES and not is_on_air else ()


def _lives(context: Context) -> tuple[str, ...]:
    if context.previous in _SINGULAR | {"who", "that"}:
        return ("VERB",)
    spared = _NOUN_AFTER | {"", "save", "saves", "saved", "saving", "change", "changes", "cost", "costs", "lose", "lost", "and", "human"}
    has_subject = context.previous not in spared and not context.previous.endswith("'s")
    return ("VERB",) if has_subject and context.following in _PLACES | {"with"} else ()


def _use(context: Context) -> tuple[str, ...]:
    is_subject_before = context.previous.endswith("s") and not context.previous.endswith("'s")
    if context.previous in _VERB_AFTER or not context.previous or is_subject_before:
        return _general(context)
    return ("NOUN",) if context.following in ("", "only") else _general(context)


def _content(context: Context) -> tuple[str, ...]:
    feels = _BE | {"feel", "felt", "very", "quite", "more", "perfectly", "seem", "seems"}
    return () if context.previous in feels else ("NOUN",)


def _read(context: Context) -> tuple[str, ...]:
    is_past = context.previous in _PERFECT | _BE | _SINGULAR
    return ("VBN", "VBD") if is_past or (context.earlier in _PERFECT and context.previous not in ("to", "a", "the")) else ()


def _wound(context: Context) -> tuple[str, ...]:
    is_turned = context.following in ("up", "down", "around", "through") or context.previous in ("be", "been", "being")
    return ("VBD", "VBN") if is_turned else ()


def _object(context: Context) -> tuple[str, ...]:
    return ("VERB",) if context.following == "to" and context.previous not in _NOUN_AFTER else _general(context)


def _refuse(context: Context) -> tuple[str, ...]:
    return ("NOUN",) if context.following in _WASTE else _general(context)


def _produce(context: Context) -> tuple[str, ...]:
    is_food = context.following in _SHOP or context.previous in {"fresh", "organic", "local", "farm"}
    return ("NOUN",) if is_food else _general(context)


def _bow(context: Context) -> tuple[str, ...]:
    of_ship = {"of", "door", "doors", "ramp", "thruster", "thrusters"}
    return ("VERB",) if context.following in of_ship or context.previous in {"please", "to"} else ()


def _bass(context: Context) -> tuple[str, ...]:
    music = {"guitar", "drum", "clef", "player", "line", "boost", "sound", "and", "voice", "speaker"}
    music |= {"plus", "minus", "level", "up", "down"}
    return ("ADJ",) if context.following in music or context.previous in {"double", "deep", "treble", "more", "less"} else ()


def _minute(context: Context) -> tuple[str, ...]:
    is_tiny = context.following in {"amount", "amounts", "traces", "particles", "detail", "details", "quantities"}
    return ("ADJ",) if is_tiny else ()


def _that(context: Context) -> tuple[str, ...]:
    pointing = _BE | _PREPOSITIONS | {"", "like", "do", "about", "to", "than"}
    return ("DT",) if context.before_pause or context.previous in pointing else ()


def _default(_context: Context) -> tuple[str, ...]:
    return ()


def _noun(_context: Context) -> tuple[str, ...]:
    return ("NOUN",)


_WHOSE = frozenset("your my our his her their own old the whose name for".split())
"""For goodness' sake, for your own sake; anywhere else it is the drink."""
_METAL = frozenset(
    "poisoning paint pipe pipes battery batteries acid free shielding pencil level levels exposure dust fumes solder glass content "
    "concentration contamination apron weights".split()
)
_WASTE = frozenset("bin bins bag bags sack sacks collection container containers chute disposal room area truck lorry".split())
_SHOP = frozenset("section department aisle market stand counter bag bags scale scales".split())
_WORDS: Mapping[str, Callable[[Context], tuple[str, ...]]] = MappingProxyType(
    {"close": _close, "closer": _default, "live": _live, "content": _content, "contents": _noun, "read": _read}
    | {"wound": _wound, "bass": _bass, "minute": _minute, "that": _that, "lives": _lives, "use": _use}
    | {"object": _object, "refuse": _refuse, "produce": _produce, "bow": _bow}
    | dict.fromkeys(("upset", "invalid"), _default)
)
