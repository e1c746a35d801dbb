"""What a voice pack says of itself: ``manifest.json``.

UTF-8 JSON in one canonical form (RFC 8785; no newline at the end), as ``manifest.schema.json`` describes it. The author's
signature beside it covers exactly those bytes, and they cover every file by its size and SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any

from edge_agent.templates import TemplateListError, Templates
from edge_agent.voices import document
from edge_agent.voices.consent import RECORD_FILE as CONSENT
from edge_agent.voices.consent import SIGNATURE_FILE as CONSENT_SIGNATURE
from edge_agent.voices.document import SHA256, show_time
from edge_agent.voices.pack import fields as check
from edge_agent.voices.pack.chime import MAX_CHIME_BYTES
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.rollout import reaches

FORMAT = "vpk/1"
MANIFEST, MANIFEST_SIGNATURE = "manifest.json", "manifest.json.minisig"
MAX_SEQ = 2**53 - 1
ALWAYS = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""For what is valid from the beginning: a device that lost its clock believes it is then."""
MAX_PHRASES, MAX_PHRASE_CHARS = 5000, 2000
MAX_TEMPLATES, MAX_TEMPLATE_CHARS = 1000, 500
MAX_CHIMES = 64

VOICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}([-+.][0-9A-Za-z.-]{1,40})?")
_RELEASE = re.compile(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True, order=True)
class FileEntry:
    """A file of the payload: its path in the voice's folder, bytes and SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A voice in one version.

    ``seq`` grows with every pack of the voice, whatever ``version`` says to people. ``engine_min`` is the lowest version of
    this program that can speak it. ``golden`` is a sentence and a coarse picture of how it must sound, see
    :class:`edge_agent.synthesis.golden.Golden`. ``phrases`` are kept in the phrase cache, ``templates`` are sentences with
    slots, ``chimes`` maps names to sound files of the pack. The voice may speak from ``valid_from`` up to but not at
    ``expires``. It goes to ``rollout_percent`` of the devices. ``files`` are all files but the manifest and its signature,
    by path; the consent record and its signature are among them. Times are UTC, to the second.
    """

    id: str
    version: str
    seq: int
    display_name: str
    engine: str
    engine_min: str
    languages: tuple[str, ...]
    sample_rate: int
    front_end_version: str
    symbols_sha256: str
    golden: Mapping[str, Any]
    phrases: tuple[str, ...]
    templates: tuple[str, ...]
    chimes: Mapping[str, str]
    licence: str
    created: datetime
    valid_from: datetime
    expires: datetime | None
    rollout_percent: int
    files: tuple[FileEntry, ...]

    def __post_init__(self) -> None:
        """
        Raises:
            PackError: ``malformed``, ``unsafe_path``, ``too_large`` or ``no_consent``.
        """
        check.matches("id", self.id, VOICE_ID, "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit")
        check.matches("version", self.version, _VERSION, "a version such as 1.4.0")
        check.integer("seq", self.seq, 1, MAX_SEQ)
        check.text("display_name", self.display_name, 100)
        check.matches("engine", self.engine, _WORD, "a word of a-z 0-9 -")
        check.matches("engine_min", self.engine_min, _RELEASE, "a version of numbers and points")
        check.items("languages", self.languages, 1, 32)
        for language in self.languages:
            check.matches("languages", language, _LANGUAGE, "BCP 47 codes such as zh or en-GB")
        check.integer("sample_rate", self.sample_rate, 8_000, 96_000)
        check.text("front_end_version", self.front_end_version, 64)
        check.matches("symbols_sha256", self.symbols_sha256, SHA256, "a SHA-256 in hex")
        _check_golden(self.golden)
        check.items("phrases", self.phrases, 0, MAX_PHRASES)
        for phrase in self.phrases:
            check.text("phrases", phrase, MAX_PHRASE_CHARS)
        check.items("templates", self.templates, 0, MAX_TEMPLATES)
        for template in self.templates:
            check.text("templates", template, MAX_TEMPLATE_CHARS)
        try:
            Templates.parse(self.templates)
        except TemplateListError as error:
            raise PackError("malformed", f"manifest: {error.errors[0]}") from error
        check.text("licence", self.licence, 300)
        for name in ("created", "valid_from"):
            check.time(name, getattr(self, name))
        if self.expires is not None:
            check.time("expires", self.expires)
            check.expect(self.valid_from < self.expires, "expires", "after valid_from")
        check.integer("rollout_percent", self.rollout_percent, 0, 100)
        _check_files(self.files)
        self._check_chimes()

    def to_bytes(self) -> bytes:
        """The canonical manifest: what is signed."""
        values = {"format": FORMAT, **{each.name: _plain_value(getattr(self, each.name)) for each in fields(self)}}
        return document.to_bytes(values)

    @classmethod
    def from_bytes(cls, content: bytes, limits: Limits | None = None) -> Manifest:
        """Read a canonical manifest, trusting nothing in it.

        Raises:
            PackError: ``malformed``, ``unsafe_path``, ``too_large`` or ``no_consent``.
        """
        limits = limits or Limits()
        if len(content) > limits.manifest_bytes:
            raise PackError("too_large", f"the manifest has more than {limits.manifest_bytes} bytes")
        try:
            values = document.read(content)
        except ValueError as error:
            raise PackError("malformed", f"the manifest is not readable JSON: {error}") from error
        if values.pop("format", None) != FORMAT:
            raise PackError("malformed", f"the manifest is not of format {FORMAT}; a newer program may be able to read it")
        names = {each.name for each in fields(cls)}
        if set(values) != names:
            raise PackError("malformed", f"manifest: fields {sorted(set(values) ^ names)} are unknown or missing")
        for name in ("languages", "phrases", "templates", "files"):
            check.expect(isinstance(values[name], list), name, "a list")
        for name in ("languages", "phrases", "templates"):
            check.expect(all(isinstance(item, str) for item in values[name]), name, "a list of texts")
            values[name] = tuple(values[name])
        values["files"] = tuple(map(_read_entry, values["files"]))
        for name in ("created", "valid_from", "expires"):
            if values[name] is not None or name != "expires":
                values[name] = check.parse_time(name, values[name])
        manifest = cls(**values)
        if manifest.to_bytes() != content:
            raise PackError("malformed", "the manifest is not in canonical form (RFC 8785)")
        manifest.check_limits(limits)
        return manifest

    @property
    def payload_bytes(self) -> int:
        """What all files take together."""
        return sum(entry.size for entry in self.files)

    def check_limits(self, limits: Limits) -> None:
        """
        Raises:
            PackError: ``too_large``.
        """
        if len(self.files) > limits.files:
            raise PackError("too_large", f"the pack has {len(self.files)} files; at most {limits.files} are taken")
        if self.payload_bytes > limits.pack_bytes:
            raise PackError("too_large", f"the pack's files take {self.payload_bytes} bytes; at most {limits.pack_bytes} are taken")
        for entry in self.files:
            most = {CONSENT: limits.consent_bytes, CONSENT_SIGNATURE: limits.signature_bytes}.get(entry.path, limits.file_bytes)
            if entry.size > most:
                raise PackError("too_large", f"{entry.path} has {entry.size} bytes; at most {most} are taken")

    def check_time(self, now: datetime) -> None:
        """
        Raises:
            PackError: ``not_yet_valid`` or ``expired``.
        """
        name, here = f"voice {self.id} {self.version}", f"and here it is {show_time(now)}"
        if now < self.valid_from:
            begins = f"{name} is valid only from {show_time(self.valid_from)} on"
            raise PackError("not_yet_valid", f"{begins}, {here}; check the device's clock")
        if self.expires is not None and now >= self.expires:
            raise PackError("expired", f"{name} expired at {show_time(self.expires)}, {here}; get a newer pack")

    def reaches(self, device: str) -> bool:
        """Whether the staged release includes a device, see :mod:`edge_agent.voices.rollout`."""
        return reaches(self.rollout_percent, self.id, self.seq, device)

    def _check_chimes(self) -> None:
        check.expect(isinstance(self.chimes, Mapping) and len(self.chimes) <= MAX_CHIMES, "chimes", f"at most {MAX_CHIMES} named files")
        sizes = {entry.path: entry.size for entry in self.files}
        for name, path in self.chimes.items():
            check.matches("chimes", name, _WORD, "named by words of a-z 0-9 -")
            check.expect(isinstance(path, str) and path in sizes, f"chimes.{name}", "the path of a file of the pack")
            if sizes[path] > MAX_CHIME_BYTES:
                raise PackError("too_large", f"chime {name} has {sizes[path]} bytes; at most {MAX_CHIME_BYTES} are taken")


def _check_golden(golden: Any) -> None:
    names = {"phonemes", "n_samples", "levels_db"}
    check.expect(isinstance(golden, Mapping) and set(golden) == names, "golden", "phonemes, n_samples and levels_db")
    check.text("golden.phonemes", golden["phonemes"], 1000)
    check.integer("golden.n_samples", golden["n_samples"], 1, 10**8)
    rows = golden["levels_db"]
    check.expect(isinstance(rows, (list, tuple)) and 1 <= len(rows) <= 64, "golden.levels_db", "1 to 64 rows")
    for row in rows:
        check.expect(isinstance(row, (list, tuple)) and 1 <= len(row) <= 64, "golden.levels_db", "rows of 1 to 64 levels")
        for level in row:
            check.integer("golden.levels_db", level, -1000, 1000)


def _check_files(entries: tuple[FileEntry, ...]) -> None:
    for entry in entries:
        check.path(entry.path)
        check.integer(f"files: size of {entry.path}", entry.size, 0, MAX_SEQ)
        check.matches(f"files: sha256 of {entry.path}", entry.sha256, SHA256, "a SHA-256 in hex")
    paths = [entry.path for entry in entries]
    check.expect(paths == sorted(paths), "files", "in the order of their paths")
    folded = {path.casefold() for path in paths}
    if len(folded) < len(paths):
        raise PackError("unsafe_path", "two files of the pack have names that differ at most by capital letters")
    for path in folded:
        parents = path.split("/")[:-1]
        if any("/".join(parents[: depth + 1]) in folded for depth in range(len(parents))):
            raise PackError("unsafe_path", f"{path} of the pack lies in a file instead of a folder")
    if folded & {MANIFEST, MANIFEST_SIGNATURE}:
        raise PackError("unsafe_path", "the manifest lists itself")
    if not {CONSENT, CONSENT_SIGNATURE} <= set(paths):
        raise PackError("no_consent", f"the pack has no {CONSENT} with its signature: a voice needs its owner's consent")


def _read_entry(values: Any) -> FileEntry:
    check.expect(isinstance(values, dict) and set(values) == {"path", "size", "sha256"}, "files", "a list of path, size and sha256")
    return FileEntry(**values)


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, FileEntry):
        return {"path": value.path, "size": value.size, "sha256": value.sha256}
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    return value
