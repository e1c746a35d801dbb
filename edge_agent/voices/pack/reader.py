"""Opening a pack: everything that can be checked is, from the outside in, before a byte of the voice is used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from edge_agent.voices.consent import Consent
from edge_agent.voices.keys import Signer, Trust
from edge_agent.voices.pack.chime import read_chime
from edge_agent.voices.pack.container import Container, read_container
from edge_agent.voices.pack.errors import PackError
from edge_agent.voices.pack.limits import Limits
from edge_agent.voices.pack.manifest import CONSENT, CONSENT_SIGNATURE, MANIFEST, MANIFEST_SIGNATURE, FileEntry, Manifest
from edge_agent.voices.pack.program import Program
from edge_agent.voices.pack.target import folder_sink
from edge_agent.voices.pack.unpack import Head, Sink, Writable, files, head, parse_body
from edge_agent.voices.pack.verify import check_head, check_signature, check_voice, open_regular


@dataclass(frozen=True, slots=True, repr=False)
class OpenPack:
    """A pack whose signatures, manifest, times and consent have been found good. Close it, or use it in a ``with``.

    ``author`` signed the manifest and ``station`` the pack; ``body_sha256`` is of the file the station signed, sealed or not.
    """

    manifest: Manifest
    consent: Consent
    author: Signer
    station: Signer
    body_sha256: str
    _container: Container
    _head: Head
    _identities: Sequence[Any] | None
    _stack: ExitStack

    @property
    def sealed(self) -> bool:
        return self._container.sealed

    def unpack(self, sink: Sink) -> None:
        """Give every file to ``sink``: the manifest with its signature, consent with its, then the others by path.

        Each is checked against the manifest while it is written, chimes also for their form, and the whole once more against
        what was found good when the pack was opened: a medium may answer differently when it is asked twice. Until this has
        returned, nothing that was written may be used.

        Raises:
            PackError: ``damaged``, ``malformed``, ``too_large``, ``truncated`` or ``unreadable``.
            OSError: whatever ``sink`` raises.
        """
        entries = {entry.path: entry for entry in self.manifest.files}
        first = [_entry(MANIFEST, self._head.manifest), _entry(MANIFEST_SIGNATURE, self._head.manifest_signature or b"")]
        first += [entries.pop(CONSENT), entries.pop(CONSENT_SIGNATURE)]
        listening = _hears_chimes(self.manifest, sink)
        parse_body(self._container.body, files([*first, *entries.values()], listening), self._identities)
        if self._container.body.sha256() != self.body_sha256:
            raise PackError("damaged", "the pack changed while it was read; use another stick")

    def extract_to(self, folder: Path) -> None:
        """Write every file into an empty folder, which then is a voice :func:`verify_folder` takes; see :meth:`unpack`.

        Files are 0600, folders within 0700; all are on the medium when this returns. What was written stays there if
        anything is wrong.

        Raises:
            PackError: see :meth:`unpack`.
            OSError: it cannot be written, or the folder is missing or not empty.
        """
        with folder_sink(folder) as sink:
            self.unpack(sink)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> OpenPack:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_pack(
    pack: Path | BinaryIO,
    *,
    trust: Trust,
    identities: Sequence[Any],
    now: datetime,
    limits: Limits | None = None,
    program: Program | None = None,
) -> OpenPack:
    """Check a pack and open it.

    In this order: its size and outer form; the station's signature of all of it; the seal; the author's signature of the
    manifest; the manifest; whether it is valid now; the owner's consent; whether the program can speak it. Nothing is written.

    Args:
        pack: a regular file, or a seekable stream, which stays the caller's.
        identities: age identities of this device; not needed for a pack that is not sealed.
        now: with its time zone.
        program: what is to speak it; None is this program.

    Raises:
        PackError: it is refused; see its ``reason``.
    """
    limits = limits or Limits()
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(pack)) if isinstance(pack, Path) else pack
        container = read_container(file, limits)
        if container.signature is None:
            raise PackError("unsigned", "the pack is a draft that nobody signed; see: edge-agent voice sign")
        station = check_signature(container.body, container.signature, trust, "station", container.name)
        body_sha256 = container.body.sha256()
        keys = identities if container.sealed else None
        first = parse_body(container.body, head(limits), keys, to_the_end=False)
        manifest, author, consent = check_head(first, trust, now, limits, program)
        check_voice(station, manifest.id)
        return OpenPack(manifest, consent, author, station, body_sha256, container, first, keys, stack.pop_all())


def _entry(path: str, content: bytes) -> FileEntry:
    return FileEntry(path, len(content), hashlib.sha256(content).hexdigest())


def _hears_chimes(manifest: Manifest, sink: Sink) -> Sink:
    """The same sink, whose block ends badly for a chime that is none."""
    names = {path: name for name, path in manifest.chimes.items()}

    @contextmanager
    def opened(entry: FileEntry) -> Iterator[Writable]:
        with sink(entry) as target:
            if entry.path not in names:
                yield target
                return
            copied = _Copied(target)
            yield copied
            read_chime(names[entry.path], bytes(copied.content))

    return opened


class _Copied:
    """Keeps what is written through it; a chime is small."""

    def __init__(self, target: Writable) -> None:
        self._target, self.content = target, bytearray()

    def write(self, content: bytes, /) -> None:
        self._target.write(content)
        self.content += content

