"""The announcements that voices are judged on and nobody trains on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from distill.evaluate.errors import EvaluationError
from distill.listed import listed

Lang = Literal["zh", "en", "mixed"]
LANGS: tuple[Lang, ...] = get_args(Lang)


@dataclass(frozen=True, slots=True)
class Sentence:
    """``key`` is the language and the place in its set, as in ``zh-07``."""

    key: str
    lang: Lang
    text: str


def evaluation_set(lang: Lang, limit: int | None = None) -> list[Sentence]:
    """The first ``limit`` sentences (all of them by default) of ``distill/data/evaluation_<lang>.txt``.

    Raises:
        EvaluationError: there is no set of that name.
    """
    if lang not in LANGS:
        raise EvaluationError(f"no evaluation set {lang!r}; there are {', '.join(LANGS)}")
    return [Sentence(f"{lang}-{number:02d}", lang, text) for number, text in enumerate(listed(f"evaluation_{lang}.txt")[:limit], 1)]
