"""The inside of a pack, read as it comes out of the seal: in pieces, without ever having all of it.

A parser is a generator that says how many bytes it wants next. :class:`Feed` gives it those of whatever is written to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from edge_agent.voices.pack import ustar
from edge_agent.voices.pack.container import Slice
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import CONSENT, CONSENT_SIGNATURE, MANIFEST, MANIFEST_SIGNATURE, FileEntry

CHUNK_BYTES = 64 << 10
AGE_MAGIC = b"age-encryption.org/v1\n"
_Result = TypeVar("_Result")
Parser = Generator[int, bytes, _Result]


class Writable(Protocol):
    """Takes bytes."""

    def write(self, content: bytes, /) -> Any: ...


Sink = Callable[[FileEntry], AbstractContextManager[Writable]]
"""Opens the place a file of the pack goes to. What is written there is known to be right only once the block has ended."""


@dataclass(frozen=True, slots=True)
class Head:
    """The files that decide whether the rest is looked at; ``manifest_signature`` is None in a draft."""

    manifest: bytes
    manifest_signature: bytes | None
    consent: bytes
    consent_signature: bytes

    @property
    def manifest_bytes(self) -> int:
        """Where the archive goes on after the manifest."""
        return ustar.member_bytes(len(self.manifest))


class _Enough(Exception):
    """The parser has what it wanted, so the rest need not be unsealed."""


class Feed(Generic[_Result]):
    """A stream to write an archive into."""

    def __init__(self, parser: Parser[_Result], *, to_the_end: bool) -> None:
        """
        Args:
            to_the_end: whether bytes after what the parser wants are wrong, instead of not wanted.
        """
        self._parser, self._to_the_end = parser, to_the_end
        self._buffer = bytearray()
        self._wanted = next(parser)
        self._results: list[_Result] = []
        self.failure: BaseException | None = None

    def write(self, content: bytes, /) -> int:
        try:
            self._take(content)
        except BaseException as error:
            self.failure = error
            raise
        return len(content)

    def flush(self) -> None:
        """As streams have it; nothing is held back."""

    def result(self) -> _Result:
        """
        Raises:
            PackError: ``truncated``: the parser wants more.
        """
        if not self._results:
            raise PackError("truncated", "the voice's archive ends too early")
        return self._results[0]

    def _take(self, content: bytes) -> None:
        self._buffer += content
        while not self._results and len(self._buffer) >= self._wanted:
            piece = bytes(self._buffer[: self._wanted])
            del self._buffer[: self._wanted]
            try:
                self._wanted = self._parser.send(piece)
            except StopIteration as stop:
                self._results.append(stop.value)
        if self._results and not self._to_the_end:
            raise _Enough
        if self._results and self._buffer:
            raise PackError("malformed", "bytes follow the end of the voice's archive")


def parse_body(body: Slice, parser: Parser[_Result], identities: Sequence[Any] | None, *, to_the_end: bool = True) -> _Result:
    """Run a parser over a body.

    Args:
        identities: age identities that may open it; None if it is not sealed.

    Raises:
        PackError: ``wrong_device``, ``malformed``, ``truncated``, or whatever the parser raises.
        OSError: whatever a sink raises.
    """
    body.seek(0)
    feed = Feed(parser, to_the_end=to_the_end)
    try:
        if identities is None:
            while chunk := body.read(CHUNK_BYTES):
                feed.write(chunk)
        else:
            _unseal(body, feed, identities)
    except _Enough:
        pass
    return feed.result()


def _unseal(body: Slice, feed: Feed[Any], identities: Sequence[Any]) -> None:
    import pyrage

    if body.read(len(AGE_MAGIC)) != AGE_MAGIC:
        raise PackError("malformed", "the pack's seal is no binary age file")
    body.seek(0)
    try:
        pyrage.decrypt_io(body, feed, identities)
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise PackError("wrong_device", "the pack is sealed for other devices; this one's key: edge-agent keys show") from error
        raise PackError("malformed", f"the pack's seal is no age file: {error}") from error
    except OSError as error:
        # the library says so, too, where a chunk is not what was sealed; a sink's failure is passed on as it is
        if feed.failure is not None:
            raise
        raise PackError("malformed", f"the pack's seal is damaged: {error}") from error


def head(limits: Limits) -> Parser[Head]:
    """Read the first files.

    Raises:
        PackError: ``malformed``, ``too_large`` or ``no_consent``.
    """
    name, manifest = yield from _small({MANIFEST: limits.manifest_bytes})
    name, content = yield from _small({MANIFEST_SIGNATURE: limits.signature_bytes, CONSENT: limits.consent_bytes})
    signature = None
    if name == MANIFEST_SIGNATURE:
        signature = content
        name, content = yield from _small({CONSENT: limits.consent_bytes})
    _, consent_signature = yield from _small({CONSENT_SIGNATURE: limits.signature_bytes})
    return Head(manifest, signature, content, consent_signature)


def files(entries: Sequence[FileEntry], sink: Sink) -> Parser[None]:
    """Give every file to ``sink``. The archive must be made of exactly ``entries``.

    Raises:
        PackError: ``malformed`` or ``damaged``.
        OSError: whatever ``sink`` raises.
    """
    for entry in entries:
        block = yield ustar.BLOCK
        if block != ustar.header(entry.path, entry.size):
            raise PackError("malformed", f"where the manifest has {entry.path} of {entry.size} bytes, {_described(block)}")
        digest, left = hashlib.sha256(), entry.size
        with sink(entry) as target:
            while left:
                chunk = yield min(left, CHUNK_BYTES)
                left -= len(chunk)
                digest.update(chunk)
                target.write(chunk)
            if digest.hexdigest() != entry.sha256:
                raise PackError("damaged", f"{entry.path} is not the file the manifest was made for")
        yield from _padding(entry.size)
    if (yield len(ustar.END)) != ustar.END:
        raise PackError("malformed", "the voice's archive has files that the manifest does not list")


def _small(allowed: dict[str, int]) -> Parser[tuple[str, bytes]]:
    block = yield ustar.BLOCK
    if block == bytes(ustar.BLOCK):
        raise PackError("malformed", f"the voice's archive has no {' or '.join(allowed)}")
    name, size = ustar.read_header(block)
    if name not in allowed:
        reason = "no_consent" if allowed.keys() & {CONSENT, CONSENT_SIGNATURE} else "malformed"
        raise PackError(reason, f"the voice's archive has {name!r} where {' or '.join(allowed)} belongs")
    if size > allowed[name]:
        raise PackError("too_large", f"{name} has {size} bytes; at most {allowed[name]} are taken")
    content = (yield size) if size else b""
    yield from _padding(size)
    return name, content


def _padding(size: int) -> Parser[None]:
    if (n_bytes := ustar.padding(size)) and any((yield n_bytes)):
        raise PackError("malformed", "the voice's archive has bytes between its files")


def _described(block: bytes) -> str:
    if block == bytes(ustar.BLOCK):
        return "its archive ends"
    name, size = ustar.read_header(block)
    return f"its archive has {name} of {size} bytes"
