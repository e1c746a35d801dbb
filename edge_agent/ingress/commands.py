"""What can be asked of the daemon besides speaking, read strictly from hostile JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from edge_agent.announcement import Lang
from edge_agent.parse import Rejected, read_object
from edge_agent.parse.fields import FIELDS, Check, Pattern, Problem
from edge_agent.parse.rejected import show

MAX_PREWARM_TEXTS = 200
MAX_STATUS_IDS = 100


@dataclass(frozen=True, slots=True)
class Command:
    """One of the classes below; ``name`` is the value of the JSON field ``cmd``."""

    name: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Stop(Command):
    """Stop what is being spoken."""

    name = "stop"


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Cancel the announcement with an id, or every one with a key; exactly one of the two is set."""

    name = "cancel"
    id: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Clear(Command):
    """Cancel everything that waits."""

    name = "clear"


@dataclass(frozen=True, slots=True)
class Volume(Command):
    """Set the device's volume, 0..1."""

    name = "volume"
    volume: float


@dataclass(frozen=True, slots=True)
class Prewarm(Command):
    """Synthesize texts into the phrase cache when idle, for requests with the same ``speed``; ``pin`` keeps them there."""

    name = "prewarm"
    texts: tuple[str, ...]
    lang: Lang = "auto"
    voice: str | None = None
    pin: bool = False
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Voice(Command):
    """Make another installed voice the active one."""

    name = "voice"
    voice: str


@dataclass(frozen=True, slots=True)
class DeleteVoice(Command):
    """Delete a voice for good. Believed for the signature alone: ``statement`` is the text of a signed order, ``signature`` its
    minisign signature, see :mod:`edge_agent.voices.fleet`."""

    name = "delete_voice"
    statement: str
    signature: str


@dataclass(frozen=True, slots=True)
class Ping(Command):
    """Ask the core, not only the network thread, for a sign of life."""

    name = "ping"


@dataclass(frozen=True, slots=True)
class Status(Command):
    """Ask how the daemon is, and what has become of announcements. ZeroMQ only; over MQTT both are published."""

    name = "status"
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a command says about its answer; ``ref`` comes back in it. MQTT v5 properties win over ``reply_to``."""

    ref: str | None = None
    reply_to: str | None = None


class _Several:
    """A list of what one field of an announcement may hold."""

    def __init__(self, field: str, most: int) -> None:
        self._field, self._most = FIELDS[field], most
        self.allowed = f"a list of 1 to {most} {field}s, each {self._field.allowed}"

    def read(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Problem("is not a list")
        if not 1 <= len(value) <= self._most:
            raise Problem(f"has {len(value)} entries")
        return tuple(self._entry(index, entry) for index, entry in enumerate(value))

    def _entry(self, index: int, entry: Any) -> str:
        try:
            read: str = self._field.read(entry)
        except Problem as problem:
            raise Problem(f"[{index}] {problem}") from None
        return read


class _Flag:
    allowed = "true or false"

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Problem(f"is {show(value)}")
        return value


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of one command: those it must have and those it may have."""

    build: Callable[..., Command]
    required: Mapping[str, Check]
    optional: Mapping[str, Check]


_ENVELOPE: dict[str, Check] = {
    "ref": Pattern(re.compile(r"[\x20-\x7e]{1,64}"), "1 to 64 printable ASCII characters"),
    "reply_to": FIELDS["reply_to"],
}
_SIGNED = Pattern(re.compile(r"(?s:.){1,8192}"), "1 to 8192 characters")
_FORMS: dict[str, _Form] = {
    "stop": _Form(Stop, {}, {}),
    "cancel": _Form(Cancel, {}, {"id": FIELDS["id"], "key": FIELDS["key"]}),
    "clear": _Form(Clear, {}, {}),
    "volume": _Form(Volume, {"volume": FIELDS["volume"]}, {}),
    "prewarm": _Form(
        Prewarm,
        {"texts": _Several("text", MAX_PREWARM_TEXTS)},
        {"lang": FIELDS["lang"], "voice": FIELDS["voice"], "pin": _Flag(), "speed": FIELDS["speed"]},
    ),
    "voice": _Form(Voice, {"voice": FIELDS["voice"]}, {}),
    "delete_voice": _Form(DeleteVoice, {"statement": _SIGNED, "signature": _SIGNED}, {}),
    "ping": _Form(Ping, {}, {}),
}
COMMANDS = tuple(_FORMS)
"""What MQTT's ``cmd`` may be."""
_STATUS = _Form(Status, {}, {"ids": _Several("id", MAX_STATUS_IDS)})


def read_envelope(payload: bytes) -> tuple[dict[str, Any], Envelope]:
    """Read the JSON object and what it says about its answer, so that a refusal of the rest finds its way back.

    Raises:
        Rejected: the payload is not one sound JSON object, or ``ref`` or ``reply_to`` is bad.
    """
    values = read_object(payload)
    return values, Envelope(**{name: _read(name, check, values[name]) for name, check in _ENVELOPE.items() if name in values})


def read_ref(values: Mapping[str, Any]) -> str | None:
    """What is to come back in the answer, if anything.

    Raises:
        Rejected: it is bad.
    """
    return _read("ref", _ENVELOPE["ref"], values["ref"]) if "ref" in values else None


def read_command(values: Mapping[str, Any]) -> Command:
    """Validate the object from :func:`read_envelope`.

    Raises:
        Rejected: unknown command or field, missing field, wrong type or range; names the field and what is allowed.
    """
    name = values.get("cmd")
    if not isinstance(name, str) or name not in _FORMS:
        problem = "is missing" if "cmd" not in values else f"is {show(name)}"
        raise Rejected("cmd", problem, ", ".join(COMMANDS))
    fields = {field: value for field, value in values.items() if field != "cmd" and field not in _ENVELOPE}
    return build_command(name, fields, lambda known: ("cmd", *known, *_ENVELOPE))


def build_command(name: str, values: Mapping[str, Any], known_as: Callable[[Iterable[str]], Iterable[str]] = tuple) -> Command:
    """Validate the fields of one command, freed of what surrounds them.

    Args:
        name: one of :data:`COMMANDS`, or ``status``.
        known_as: adds what else may stand beside the fields, for the message about one that may not.

    Raises:
        Rejected: unknown or missing field, wrong type or range; names the field and what is allowed.
    """
    form = _STATUS if name == "status" else _FORMS[name]
    known = {**form.required, **form.optional}
    for field in values:
        if field not in known:
            raise Rejected(show(field), f"is not a field of {name}", ", ".join(known_as(known)))
    for field, check in form.required.items():
        if field not in values:
            raise Rejected(field, "is missing", check.allowed)
    if name == "cancel" and ("id" in values) == ("key" in values):
        raise Rejected("id", "and key are given together" if "id" in values else "or key is missing", "exactly one of id and key")
    return form.build(**{field: _read(field, check, values[field]) for field, check in known.items() if field in values})


def _read(field: str, check: Check, value: Any) -> Any:
    try:
        return check.read(value)
    except Problem as problem:
        raise Rejected(field, str(problem), check.allowed) from None
