"""What the cards of all engines have in common: reading ``voice.json``, and checking the files it names."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.digest import sha256_of
from edge_agent.errors import EdgeAgentError
from edge_agent.text import FRONT_END_VERSION

log = logging.getLogger(__name__)

NAME = "voice.json"

Card = TypeVar("Card")


class VoiceError(EdgeAgentError):
    """A voice folder is incomplete, damaged, or made for another program."""


def read_card(folder: Path, engine: str, schema: int, build: Callable[[dict[str, Any], str], Card]) -> tuple[dict[str, Any], Card]:
    """The values of a folder's ``voice.json``, and what ``build`` makes of them and of the SHA-256 of the file.

    Raises:
        VoiceError: it cannot be read, is for another engine or schema, or ``build`` lacks something in it.
    """
    path = folder / NAME
    try:
        raw = path.read_bytes()
        values: dict[str, Any] = json.loads(raw)
        found = values.get("engine"), values.get("schema")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise VoiceError(f"{path} cannot be read: {error}; install the voice again") from error
    if found != (engine, schema):
        raise VoiceError(f"{path} describes a voice for {found[0]} schema {found[1]}; this engine reads {engine} schema {schema}")
    try:
        return values, build(values, hashlib.sha256(raw).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise VoiceError(f"{path} lacks or garbles {error}; it was not made by this project's quantize command") from error


def text(values: Mapping[str, Any], name: str) -> str:
    """
    Raises:
        KeyError, TypeError: ``name`` is not in ``values``, or is no text, or empty.
    """
    if not isinstance(values[name], str) or not values[name]:
        raise TypeError(name)
    return values[name]


def check_symbols(folder: Path, values: Mapping[str, Any], sha256: str) -> None:
    """
    Raises:
        VoiceError: the voice's ids mean other sounds than those of the phoneme table with this digest.
    """
    if values.get("symbols_sha256") != sha256:
        raise VoiceError(f"{folder / NAME} was made for another phoneme table; build the voice again with this program")


def check_digests(folder: Path, sha256: Mapping[str, str]) -> None:
    """
    Args:
        sha256: of each file, by its name.

    Raises:
        VoiceError: a file is missing or another one, or a name is not one of a file in the folder.
    """
    for name, wanted in sha256.items():
        if "/" in name or "\\" in name or name.startswith("."):
            raise VoiceError(f"{folder / NAME} names {name!r}, which is not a plain file name")
        try:
            found = sha256_of(folder / name)
        except (OSError, ValueError) as error:
            raise VoiceError(f"{folder / name} cannot be read: {error}; install the voice again") from error
        if found != wanted:
            raise VoiceError(f"{folder / name} is not the file the voice was made with; install the voice again")


def warn_of_front_end(voice_id: str, made_for: str) -> None:
    """Log that a voice was made for other reading conventions: it speaks, with some sounds mistaken."""
    if made_for.partition("-")[0] != FRONT_END_VERSION.partition("-")[0]:
        log.warning("voice made for another front end voice=%s made_for=%s here=%s", voice_id, made_for, FRONT_END_VERSION)


def table_sha256(symbols: Mapping[str, int]) -> str:
    """Digest of a phoneme table: a voice's ids mean these sounds and no others."""
    return hashlib.sha256(json.dumps(sorted(symbols.items())).encode()).hexdigest()
