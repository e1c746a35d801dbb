"""No byte of a pack may differ from what was signed, and none may be missing."""

from __future__ import annotations

import io
from collections import Counter

import pyrage
import pytest

from edge_agent.voices.pack import Limits, PackError, open_pack
from edge_agent.voices.pack.container import Slice
from edge_agent.voices.pack.manifest import MANIFEST, MANIFEST_SIGNATURE, FileEntry
from edge_agent.voices.pack.unpack import files, head, parse_body
from edge_agent.voices.pack.ustar import BLOCK
from edge_agent.voices.pack.verify import check_head
from tests.voices.pack.maker import NOW, PROGRAM, Maker, entry


@pytest.fixture(scope="module")
def sealed(maker: Maker) -> bytes:
    return maker.sealed(maker.archive())


def refusal(maker: Maker, pack: bytes) -> str:
    with pytest.raises(PackError) as refused:
        maker.read(pack)
    return refused.value.reason


def test_the_pack_is_good_as_it_is(maker: Maker, sealed: bytes) -> None:
    assert set(maker.read(sealed)) == {*maker.files(), MANIFEST, MANIFEST_SIGNATURE}


def test_no_byte_can_be_changed(maker: Maker, sealed: bytes) -> None:
    reasons = Counter()
    for index in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[index] ^= 1 << index % 8
        reasons[refusal(maker, bytes(damaged))] += 1
    assert set(reasons) <= {"forged", "untrusted", "malformed", "truncated", "too_large"}
    assert reasons["forged"] > len(sealed) / 2, reasons


def test_who_can_sign_as_a_station_still_cannot_change_a_byte(maker: Maker) -> None:
    body = maker.archive()
    _read_inside(maker, body)
    for index in range(0, len(body), 7):  # of 7 and 8 every bit comes by
        damaged = bytearray(body)
        damaged[index] ^= 1 << index % 8
        with pytest.raises(PackError):
            _read_inside(maker, bytes(damaged))


def _read_inside(maker: Maker, body: bytes) -> None:
    """What is done with a body once its station's signature was found good."""
    limits, part = Limits(), Slice(io.BytesIO(body), 0, len(body))
    first = parse_body(part, head(limits), None, to_the_end=False)
    manifest, _, _ = check_head(first, maker.trust, NOW, limits, PROGRAM)
    own = [FileEntry(**entry(MANIFEST, first.manifest)), FileEntry(**entry(MANIFEST_SIGNATURE, first.manifest_signature))]
    consent = [each for each in manifest.files if each.path.startswith("consent.json")]
    others = [each for each in manifest.files if each not in consent]
    parse_body(part, files([*own, *consent, *others], lambda _entry: io.BytesIO()), None)


def test_a_pack_that_ends_early_is_told_from_one_that_was_changed(maker: Maker, sealed: bytes) -> None:
    beginning = 3 * BLOCK + 400  # both headers, the signature, and the seal's own header
    lengths = [*range(beginning), *range(beginning, len(sealed), 37), len(sealed) - 1]
    assert {refusal(maker, sealed[:length]) for length in lengths} == {"truncated"}


def test_an_archive_that_ends_early_although_it_was_signed(maker: Maker) -> None:
    body = maker.archive()
    for length in range(0, len(body), 41):
        assert refusal(maker, maker.container(body[:length])) == "truncated"


def test_a_seal_that_ends_early_although_it_was_signed(maker: Maker) -> None:
    body = pyrage.encrypt(maker.archive(), [maker.device.to_public()])
    reasons = {refusal(maker, maker.container(body[:length], "voice.tar.age")) for length in range(0, len(body), 101)}
    assert reasons <= {"malformed", "truncated"}


def test_a_medium_that_answers_differently_the_second_time_is_caught(maker: Maker) -> None:
    body = maker.archive()
    good, other = maker.container(body), maker.container(maker.archive(seq=8))
    file = io.BytesIO(good)
    with maker.open(good) as opened:
        assert opened.manifest.seq == 7
    with open_pack(file, **maker.terms) as opened:
        file.seek(0)
        file.write(other)
        with pytest.raises(PackError) as refused:
            opened.unpack(lambda _entry: io.BytesIO())
    assert refused.value.reason in {"malformed", "damaged"}


def test_even_bytes_that_no_file_is_made_of_are_compared_again(maker: Maker) -> None:
    """A seal has room for what unsealing drops; here, its unused recipient."""
    archive, other = maker.archive(), pyrage.x25519.Identity.generate()
    first = second = pyrage.encrypt(archive, [maker.device.to_public(), other.to_public()])
    while first == second or len(first) != len(second):  # age adds a line of random length
        second = pyrage.encrypt(archive, [maker.device.to_public(), other.to_public()])
    file = io.BytesIO(maker.container(first, "voice.tar.age"))
    with open_pack(file, **maker.terms) as opened:
        file.seek(3 * BLOCK)
        file.write(second)
        with pytest.raises(PackError, match="changed while it was read"):
            opened.unpack(lambda _entry: io.BytesIO())
