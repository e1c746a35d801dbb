"""What is fuzzed: everything that reads a pack's bytes, with the signatures in front of it taken away.

A target takes any bytes. It may refuse them in its own way; taken they may be only if what was read, written anew, is the same
bytes. Everything else is a fault.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

import pyrage

from edge_agent.voices.consent import Consent, ConsentError
from edge_agent.voices.keys import KeysError, PublicKey, Signature
from edge_agent.voices.pack import Limits, Manifest, PackError
from edge_agent.voices.pack.chime import MAX_CHIME_S, read_chime
from edge_agent.voices.pack.container import Slice, read_container, signature_name
from edge_agent.voices.pack.manifest import CONSENT, CONSENT_SIGNATURE, MANIFEST, MANIFEST_SIGNATURE, FileEntry
from edge_agent.voices.pack.unpack import Head, files, head, parse_body
from edge_agent.voices.pack.ustar import END, member
from tests.voices.pack.hostile import corpus
from tests.voices.pack.maker import Maker, entry, wav

Target = Callable[[bytes], bool]
"""Whether the bytes were taken."""
DEVICE = pyrage.x25519.Identity.generate()
LIMITS = Limits(pack_bytes=1 << 20, file_bytes=1 << 20)


def manifest(content: bytes) -> bool:
    try:
        found = Manifest.from_bytes(content, LIMITS)
    except PackError:
        return False
    assert found.to_bytes() == content
    return True


def container(content: bytes) -> bool:
    try:
        found = read_container(io.BytesIO(content), LIMITS)
        found.body.seek(0)
        body = found.body.read()
    except PackError:
        return False
    signature = b"" if found.signature is None else member(signature_name(found.name), found.signature)
    assert signature + member(found.name, body) + END == content
    return True


def archive(content: bytes) -> bool:
    """As a station and an author who sign anything would let in."""
    body = Slice(io.BytesIO(content), 0, len(content))
    written: list[bytes] = []
    try:
        first = parse_body(body, head(LIMITS), None, to_the_end=False)
        entries = _entries(first)
        parse_body(body, files(entries, lambda each: _Member(each, written)), None)
    except PackError:
        return False
    assert b"".join(written) + END == content
    return True


def seal(content: bytes) -> bool:
    """As a station that signs anything would let in. Who has no key of the device cannot make it open, so seals that do are rare."""
    body = Slice(io.BytesIO(content), 0, len(content))
    try:
        parse_body(body, head(LIMITS), [DEVICE], to_the_end=False)
    except PackError:
        return False
    return True


def signature(content: bytes) -> bool:
    try:
        found = Signature.from_bytes(content)
    except ValueError:
        return False
    assert found.content == content
    assert found.trusted_comment.replace("\t", " ").isprintable()
    assert len(found.key_id) == 16
    return True


def public_key(content: bytes) -> bool:
    text = content.decode("latin-1")
    try:
        found = PublicKey.parse(text)
    except KeysError:
        return False
    assert found.text in text
    assert PublicKey.parse(found.text) == found
    return True


def consent(content: bytes) -> bool:
    try:
        found = Consent.from_bytes(content)
    except ConsentError:
        return False
    assert found.to_bytes() == content
    return True


def chime(content: bytes) -> bool:
    try:
        found = read_chime("gate", content)
    except PackError:
        return False
    assert 0 < len(found.frames) <= MAX_CHIME_S * found.sample_rate * found.n_channels * 2
    return True


TARGETS: dict[str, Target] = {
    each.__name__: each for each in (manifest, container, archive, seal, signature, public_key, consent, chime)
}


def seeds() -> dict[str, list[bytes]]:
    """For each target the right and the hostile, from the packs of the tests."""
    maker = Maker(device=DEVICE)
    packs = [maker.container(maker.archive()), maker.sealed(maker.archive()), *(pack for _, pack in corpus(maker) if len(pack) < 1 << 19)]
    found: dict[str, list[bytes]] = {name: [] for name in TARGETS}
    found["container"] = packs
    found["chime"] = [wav(), wav(n_channels=2, rate=48_000), wav(bits=24), wav(tag=3, bits=32)]
    found["public_key"] = [key.text.encode() for key in (maker.author.public_key, maker.station.public_key)]
    for pack in packs:
        for name, content in _parts(pack):
            found[name].append(content)
    return {name: list(dict.fromkeys(contents)) for name, contents in found.items()}


def _parts(pack: bytes) -> Iterable[tuple[str, bytes]]:
    try:
        outside = read_container(io.BytesIO(pack), Limits())
        outside.body.seek(0)
        body = outside.body.read()
        yield "seal" if outside.sealed else "archive", body
        if outside.signature is not None:
            yield "signature", outside.signature
        first = parse_body(Slice(io.BytesIO(body), 0, len(body)), head(Limits()), None, to_the_end=False)
    except PackError:
        return
    yield "manifest", first.manifest
    yield "consent", first.consent
    yield "signature", first.consent_signature


def _entries(first: Head) -> list[FileEntry]:
    listed = {each.path: each for each in Manifest.from_bytes(first.manifest, LIMITS).files}
    own = [FileEntry(**entry(MANIFEST, first.manifest)), FileEntry(**entry(MANIFEST_SIGNATURE, first.manifest_signature or b""))]
    return [*own, listed.pop(CONSENT), listed.pop(CONSENT_SIGNATURE), *listed.values()]


class _Member(io.BytesIO):
    """Keeps what it was given as it stood in the archive."""

    def __init__(self, place: FileEntry, written: list[bytes]) -> None:
        super().__init__()
        self._place, self._written = place, written

    def __exit__(self, *failure: object) -> None:
        self._written.append(member(self._place.path, self.getvalue()))
        super().__exit__(*failure)
