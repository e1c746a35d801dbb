"""The SSML subset: markup to passages of text, pauses and chimes.

Parsed by expat with document types and entities refused, so that markup from the network costs no more than its
size. Elements and attributes after W3C SSML 1.1; what is not in the table below is an error with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from xml.parsers import expat

from edge_agent.text import ssml_values as values
from edge_agent.text.errors import SsmlError, TextError
from edge_agent.text.items import Chime, Pause
from edge_agent.text.say_as import READINGS

MAX_CHARACTERS: Final = 20_000
MAX_DEPTH: Final = 16
PARAGRAPH_S: Final = 0.5
SENTENCE_S: Final = 0.2

Lang = Literal["auto", "zh", "en"]

ATTRIBUTES: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "speak": (frozenset(), frozenset(("version", "xmlns", "xml:lang"))),
    "p": (frozenset(), frozenset(("xml:lang",))),
    "s": (frozenset(), frozenset(("xml:lang",))),
    "lang": (frozenset(("xml:lang",)), frozenset()),
    "break": (frozenset(), frozenset(("time", "strength"))),
    "prosody": (frozenset(), frozenset(("rate", "volume"))),
    "say-as": (frozenset(("interpret-as",)), frozenset()),
    "sub": (frozenset(("alias",)), frozenset()),
    "phoneme": (frozenset(("ph",)), frozenset(("alphabet",))),
    "audio": (frozenset(("src",)), frozenset()),
}
"""Element to its required and its optional attributes."""

_TEXT_ONLY: Final = frozenset(("say-as", "sub", "phoneme"))
_EMPTY: Final = frozenset(("break", "audio"))


@dataclass(frozen=True)
class Written:
    """Text to be normalised."""

    text: str
    lang: Lang


@dataclass(frozen=True)
class SayAs:
    """Text with a reading chosen by the sender; `line`, `column` and `position` are where it stands."""

    text: str
    lang: Lang
    kind: str
    line: int
    column: int
    position: int


@dataclass(frozen=True)
class Given:
    """Phonemes chosen by the sender."""

    phonemes: str


Part: TypeAlias = Written | SayAs | Given


@dataclass
class Passage:
    """Parts that are spoken in one go, with one rate and gain."""

    rate: float
    gain_db: float
    parts: list[Part] = field(default_factory=list)


def is_ssml(text: str) -> bool:
    """Whether `text` is meant as markup."""
    return re.match(r"\s*<(?:speak[\s/>]|\?xml\s|!DOCTYPE)", text) is not None


def parse(text: str, lang: Lang) -> list[Passage | Pause | Chime]:
    """Passages, pauses and chimes of SSML in order. Raises SsmlError."""
    return _Parser(text, lang).parse()


@dataclass(frozen=True)
class _Scope:
    element: str
    lang: Lang
    rate: float
    gain_db: float
    attributes: Mapping[str, str]


class _Parser:
    def __init__(self, text: str, lang: Lang) -> None:
        self._source = text
        self._scopes = [_Scope("", lang, 1.0, 0.0, {})]
        self._out: list[Passage | Pause | Chime] = []
        self._inner = ""
        self._phonemes = ""
        self._opened_at = (1, 1, 0)
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._expat.EntityDeclHandler = self._refuse_doctype

    def parse(self) -> list[Passage | Pause | Chime]:
        if len(self._source) > MAX_CHARACTERS:
            raise SsmlError(f"{len(self._source)} characters of markup, at most {MAX_CHARACTERS}", line=1, column=1, position=0)
        try:
            self._bytes = self._source.encode("utf-8")
        except UnicodeEncodeError as error:
            line = self._source.count("\n", 0, error.start) + 1
            raise SsmlError("a lone surrogate is not a character", line=line, column=1, position=error.start) from None
        try:
            self._expat.Parse(self._bytes, True)
        except expat.ExpatError as error:
            hint = "; only &amp; &lt; &gt; &quot; &apos; are known" if error.code == 11 else ""
            raise self._error(f"not well formed: {expat.ErrorString(error.code)}{hint}", error.lineno, error.offset) from None
        return self._out

    def _place(self) -> tuple[int, int, int]:
        at = self._expat.CurrentByteIndex
        return (
            self._expat.CurrentLineNumber,
            self._expat.CurrentColumnNumber + 1,
            len(self._bytes[:at].decode("utf-8", "ignore")),
        )

    def _error(self, message: str, line: int | None = None, column: int | None = None) -> SsmlError:
        here_line, here_column, position = self._place()
        if line is not None and column is not None:
            here_line, here_column = line, column + 1
        return SsmlError(message, line=here_line, column=here_column, position=position)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error("a document type is not allowed")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        try:
            self._check(element, attributes)
            self._open(element, attributes)
        except TextError as error:
            raise self._error(str(error)) from None

    def _open(self, element: str, attributes: Mapping[str, str]) -> None:
        outer = self._scopes[-1]
        lang, rate, gain_db = outer.lang, outer.rate, outer.gain_db
        if "xml:lang" in attributes:
            lang = values.language(attributes["xml:lang"])
        if "rate" in attributes:
            rate = min(max(rate * values.rate(attributes["rate"]), values.MIN_RATE), values.MAX_RATE)
        if "volume" in attributes:
            gain_db = min(max(gain_db + values.gain_db(attributes["volume"]), values.MIN_GAIN_DB), values.MAX_GAIN_DB)
        if element == "break":
            self._pause(values.break_s(attributes))
        elif element == "audio":
            self._out.append(Chime(values.chime(attributes["src"])))
        elif element == "phoneme":
            self._phonemes = values.phonemes(attributes)
        self._scopes.append(_Scope(element, lang, rate, gain_db, attributes))
        self._inner = ""
        self._opened_at = self._place()

    def _check(self, element: str, attributes: Mapping[str, str]) -> None:
        outer = self._scopes[-1].element
        if element not in ATTRIBUTES:
            raise TextError(f"unknown element <{element}>; allowed: {', '.join(ATTRIBUTES)}")
        if (element == "speak") != (len(self._scopes) == 1):
            raise TextError("<speak> must be the outermost element, and only that")
        if outer in _TEXT_ONLY or outer in _EMPTY:
            raise TextError(f"<{outer}> cannot hold <{element}>")
        if len(self._scopes) > MAX_DEPTH:
            raise TextError(f"elements nested deeper than {MAX_DEPTH}")
        required, optional = ATTRIBUTES[element]
        for name in attributes:
            if name not in required | optional:
                allowed = ", ".join(sorted(required | optional)) or "none"
                raise TextError(f"unknown attribute {name} of <{element}>; allowed: {allowed}")
        for name in sorted(required - attributes.keys()):
            raise TextError(f"<{element}> needs the attribute {name}")
        if element == "say-as" and attributes["interpret-as"] not in READINGS:
            raise values.unknown("interpret-as", attributes["interpret-as"], READINGS)

    def _end(self, element: str) -> None:
        scope = self._scopes.pop()
        if element == "say-as":
            if self._inner.strip():
                self._add(SayAs(self._inner.strip(), scope.lang, scope.attributes["interpret-as"], *self._opened_at))
        elif element == "sub":
            self._add(Written(scope.attributes["alias"], scope.lang))
        elif element == "phoneme":
            self._add(Given(self._phonemes))
        elif element == "p":
            self._pause(PARAGRAPH_S)
        elif element == "s":
            self._pause(SENTENCE_S)

    def _characters(self, data: str) -> None:
        element = self._scopes[-1].element
        if element in _TEXT_ONLY:
            self._inner += data
        elif element in _EMPTY:
            if data.strip():
                line, column, position = self._opened_at
                raise SsmlError(f"<{element}> must be empty", line=line, column=column, position=position)
        else:
            self._add(Written(data, self._scopes[-1].lang))

    def _add(self, part: Part) -> None:
        scope = self._scopes[-1]
        last = self._out[-1] if self._out else None
        if isinstance(last, Passage) and (last.rate, last.gain_db) == (scope.rate, scope.gain_db):
            last.parts.append(part)
        else:
            self._out.append(Passage(scope.rate, scope.gain_db, [part]))

    def _pause(self, seconds: float) -> None:
        self._out.append(Pause(seconds))
