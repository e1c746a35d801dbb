"""What a key may hold, in words, from its type."""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "days": "days",
    "mib": "MiB",
    "hz": "Hz",
    "lufs": "LUFS",
}


def allowed(key: str, field: FieldInfo) -> str:
    """Describe the values of a key, such as ``a whole number of seconds from 5 to 3600``."""
    return _describe(field.annotation, field.metadata, _UNITS.get(key.rpartition("_")[2], ""))


def _describe(annotation: Any, metadata: Iterable[Any], unit: str) -> str:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        (kind,) = (each for each in get_args(annotation) if each is not type(None))
        return _describe(kind, metadata, unit)
    if hasattr(annotation, "__metadata__"):
        return _describe(annotation.__origin__, _flat(annotation.__metadata__), unit)
    if origin is Literal:
        *most, last = map(str, get_args(annotation))
        return f"{', '.join(most)} or {last}" if most else last
    if origin is tuple:
        each = get_args(annotation)[0]
        return f"a list of {_describe(each, (), unit)}{'' if get_origin(each) is Literal else 's'}"
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        return _number("a whole number" if annotation is int else "a number", metadata, unit)
    if annotation is Path:
        return "a path"
    if annotation in (str, SecretStr):
        return _text(metadata)
    raise TypeError(f"no words for {annotation!r}")


def _number(kind: str, metadata: Iterable[Any], unit: str) -> str:
    words = f"{kind} of {unit}" if unit else kind
    for bound in _flat(metadata):
        match bound:
            case Ge(ge=low):
                words += f" from {low:.10g}"
            case Gt(gt=low):
                words += f" above {low:.10g}"
            case Le(le=high):
                words += f" to {high:.10g}" if " from " in words else f" up to {high:.10g}"
            case Lt(lt=high):
                words += f" below {high:.10g}"
    return words


def _text(metadata: Iterable[Any]) -> str:
    shortest, longest = 0, 0
    for rule in _flat(metadata):
        match rule:
            case MinLen(min_length=length):
                shortest = length
            case MaxLen(max_length=length):
                longest = length
            case _ if getattr(rule, "pattern", None) == r"^[A-Za-z0-9._-]{1,64}$":
                return "1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen"
    return f"text of {shortest} to {longest} characters" if longest else "text"


def _flat(metadata: Iterable[Any]) -> list[Any]:
    """The rules behind pydantic's ``Field`` inside an ``Annotated``."""
    return [rule for each in metadata for rule in (each.metadata if isinstance(each, FieldInfo) else (each,))]
