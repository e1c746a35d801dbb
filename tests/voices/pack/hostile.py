"""Packs that must be refused, each for its reason. Those about the inside are properly signed, by an author and a station who
are careless or have been robbed; the fuzzer starts from all of them."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pyrage

from edge_agent.voices.pack.ustar import END, header, member
from tests.voices.pack.maker import Maker, canonical, entry, wav

Make = Callable[[Maker], bytes]
CORPUS: dict[str, tuple[str, Make]] = {}


def hostile(reason: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        CORPUS[make.__name__] = (reason, make)
        return make

    return add


def add(name: str, reason: str, make: Make) -> None:
    CORPUS[name] = (reason, make)


# what is no pack at all


@hostile("truncated")
def nothing(maker: Maker) -> bytes:
    return b""


@hostile("malformed")
def zeros(maker: Maker) -> bytes:
    return bytes(4096)


@hostile("malformed")
def text(maker: Maker) -> bytes:
    return b"This is not a voice pack.\n" * 100


@hostile("malformed")
def compressed_bomb(maker: Maker) -> bytes:
    return gzip.compress(bytes(10 << 20))


@hostile("malformed")
def zip_bomb(maker: Maker) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}", bytes(1 << 18))
    return file.getvalue()


@hostile("malformed")
def a_bare_age_file(maker: Maker) -> bytes:
    return pyrage.encrypt(maker.archive(), [maker.device.to_public()])


@hostile("malformed")
def a_bare_archive(maker: Maker) -> bytes:
    return maker.archive()


# the outside: one spelling of every header


def _outside(name: str, change: Callable[[bytes], bytes]) -> None:
    """A pack whose first header is changed, with a checksum that is right."""

    def make(maker: Maker) -> bytes:
        pack = maker.container(maker.archive())
        block = bytearray(change(pack[:512]))
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block) + pack[512:]

    add(name, "malformed", make)


def _patch(offset: int, content: bytes) -> Callable[[bytes], bytes]:
    return lambda block: block[:offset] + content + block[offset + len(content) :]


for _kind, _letter in {
    "hard_link": b"1", "symbolic_link": b"2", "character_device": b"3", "block_device": b"4", "folder": b"5", "pipe": b"6",
    "contiguous": b"7", "long_name": b"L", "long_link": b"K", "sparse": b"S", "pax": b"x", "global_pax": b"g", "old_file": b"\0",
    "unknown_type": b"Z",
}.items():  # fmt: skip
    _outside(f"header_of_a_{_kind}", _patch(156, _letter))
_outside("header_with_setuid", _patch(100, b"0004755\0"))
_outside("header_with_an_owner", _patch(108, b"0001750\0"))
_outside("header_with_an_owners_name", _patch(265, b"root"))
_outside("header_with_a_time", _patch(136, b"14000000000\0"))
_outside("header_with_a_link_target", _patch(157, b"/etc/passwd"))
_outside("header_with_a_prefix", _patch(345, b"/etc"))
_outside("header_with_a_device", _patch(329, b"0000010\0"))
_outside("header_of_gnu_tar", _patch(257, b"ustar  \0"))
_outside("header_of_old_tar", _patch(257, bytes(8)))
_outside("header_with_a_tail", _patch(500, b"hidden"))
_outside("name_with_something_behind_its_end", _patch(30, b"x"))
_outside("name_that_is_not_ascii", _patch(0, "声".encode()))
_outside("name_of_a_path", _patch(0, b"../voice.tar.minisig\0"))
_outside("size_in_binary", _patch(124, b"\x80" + struct.pack(">Q", 300).rjust(11, b"\0")))
_outside("size_below_zero", _patch(124, b"\xff" * 12))
_outside("size_with_spaces", _patch(124, b"        452 "))
_outside("size_with_a_sign", _patch(124, b"-0000000452\0"))
_outside("size_that_is_not_octal", _patch(124, b"00000000998\0"))


@hostile("malformed")
def wrong_checksum(maker: Maker) -> bytes:
    pack = maker.container(maker.archive())
    return pack[:148] + b"000000\0 " + pack[156:]


@hostile("too_large")
def signature_of_eight_gigabytes(maker: Maker) -> bytes:
    return header("voice.tar.minisig", 8**11 - 1) + maker.container(maker.archive())[512:]


@hostile("truncated")
def body_of_eight_gigabytes(maker: Maker) -> bytes:
    signature = maker.station.sign(b"", "x")
    return member("voice.tar.minisig", signature) + header("voice.tar", 8**11 - 1) + bytes(2048)


@hostile("malformed")
def two_packs_in_a_row(maker: Maker) -> bytes:
    return maker.container(maker.archive()) * 2


@hostile("malformed")
def something_after_the_end(maker: Maker) -> bytes:
    return maker.container(maker.archive()) + b"\0"


@hostile("malformed")
def something_between_files(maker: Maker) -> bytes:
    pack = bytearray(maker.container(maker.archive()))
    pack[1023] = 1
    return bytes(pack)


@hostile("malformed")
def a_third_file(maker: Maker) -> bytes:
    return maker.container(maker.archive())[:-1024] + member("run.sh", b"#!/bin/sh\n") + END


@hostile("malformed")
def signature_of_something_else(maker: Maker) -> bytes:
    body = pyrage.encrypt(maker.archive(), [maker.device.to_public()])
    return member("voice.tar.minisig", maker.station.sign(body, "x")) + member("voice.tar.age", body) + END


@hostile("malformed")
def signature_after_what_it_signs(maker: Maker) -> bytes:
    body = maker.archive()
    return member("voice.tar", body) + member("voice.tar.minisig", maker.station.sign(body, "x")) + END


@hostile("malformed")
def signature_twice(maker: Maker) -> bytes:
    body = maker.archive()
    return member("voice.tar.minisig", maker.station.sign(body, "x")) * 2 + member("voice.tar", body) + END


@hostile("unsigned")
def no_signature(maker: Maker) -> bytes:
    return member("voice.tar", maker.archive()) + END


def _signature(name: str, change: Callable[[bytes], bytes]) -> None:
    def make(maker: Maker) -> bytes:
        body = maker.archive()
        return maker.container(body, signature=change(maker.station.sign(body, "x")))

    add(name, "forged", make)


_signature("empty_signature", lambda _signature: b"")
_signature("signature_with_windows_line_ends", lambda signature: signature.replace(b"\n", b"\r\n"))
_signature("signature_without_its_last_line_end", lambda signature: signature[:-1])
_signature("signature_with_a_fifth_line", lambda signature: signature + b"more\n")
_signature("signature_with_another_comment", lambda signature: signature.replace(b"minisign secret key", b"your friend"))
_signature("signature_with_another_trusted_comment", lambda signature: signature.replace(b"comment: x", b"comment: y"))
_signature("signature_with_a_space_in_it", lambda signature: signature.replace(b"\nRU", b"\n RU"))


@hostile("forged")
def signature_of_the_legacy_kind(maker: Maker) -> bytes:
    body = maker.archive()
    signature = maker.station._key.sign(body, prehash=False, untrusted_comment="signature from minisign secret key", trusted_comment="x")
    return maker.container(body, signature=bytes(signature) + b"\n")


@hostile("forged")
def signature_with_bits_that_mean_nothing(maker: Maker) -> bytes:
    body = maker.archive()
    lines = maker.station.sign(body, "x").split(b"\n")
    assert lines[3].endswith(b"==")
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = lines[3][-3:-2]
    lines[3] = lines[3][:-3] + digits[digits.index(last) + 1 :][:1] + b"=="
    return maker.container(body, signature=b"\n".join(lines))


@hostile("forged")
def comment_that_writes_on_the_terminal(maker: Maker) -> bytes:
    body = maker.archive()
    signature = maker.station.sign(body, "x").replace(b"comment: x", b"comment: \x1b[2J")
    return maker.container(body, signature=signature)


@hostile("untrusted")
def station_signed_as_an_author_only(maker: Maker) -> bytes:
    body = maker.archive()
    return maker.container(body, signature=maker.author.sign(body, "x"))


# the seal


@hostile("malformed")
def seal_that_is_none(maker: Maker) -> bytes:
    return maker.container(maker.archive(), "voice.tar.age")


@hostile("malformed")
def seal_in_ascii(maker: Maker) -> bytes:
    return maker.container(pyrage.encrypt(maker.archive(), [maker.device.to_public()], armored=True), "voice.tar.age")


@hostile("wrong_device")
def seal_for_another_device(maker: Maker) -> bytes:
    return maker.sealed(maker.archive(), [pyrage.x25519.Identity.generate()])


@hostile("malformed")
def seal_with_a_bad_chunk(maker: Maker) -> bytes:
    body = bytearray(pyrage.encrypt(maker.archive(), [maker.device.to_public()]))
    body[-20] ^= 1
    return maker.container(bytes(body), "voice.tar.age")


@hostile("truncated")
def seal_of_nothing(maker: Maker) -> bytes:
    return maker.sealed(b"")


@hostile("malformed")
def seal_of_a_pack(maker: Maker) -> bytes:
    return maker.sealed(maker.container(maker.archive()))


# the archive


@hostile("malformed")
def archive_of_another_tool(maker: Maker) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in {"manifest.json": canonical(maker.manifest()), **maker.files()}.items():
            found = tarfile.TarInfo(path)
            found.size = len(content)
            archive.addfile(found, io.BytesIO(content))
    return maker.container(file.getvalue())


@hostile("malformed")
def a_file_that_is_not_listed(maker: Maker) -> bytes:
    return maker.container(maker.archive()[:-1024] + member("weights2.bin", b"x") + END)


@hostile("malformed")
def a_listed_file_that_is_missing(maker: Maker) -> bytes:
    manifest, files = canonical(maker.manifest()), maker.files()
    del files["weights.bin"]
    return maker.container(maker.archive(manifest, files))


@hostile("malformed")
def files_in_another_order(maker: Maker) -> bytes:
    files = maker.files()
    return maker.container(maker.archive(canonical(maker.manifest(files)), dict(reversed(files.items()))))


@hostile("malformed")
def a_file_twice(maker: Maker) -> bytes:
    return maker.container(maker.archive()[:-1024] + member("weights.bin", maker.files()["weights.bin"]) + END)


@hostile("malformed")
def a_file_that_is_longer(maker: Maker) -> bytes:
    files = maker.files()
    return maker.container(maker.archive(canonical(maker.manifest(files)), {**files, "weights.bin": files["weights.bin"] + b"x"}))


@hostile("damaged")
def manifest_of_one_voice_with_files_of_another(maker: Maker) -> bytes:
    files = maker.files()
    return maker.container(maker.archive(canonical(maker.manifest(files)), {**files, "weights.bin": files["weights.bin"][::-1]}))


@hostile("malformed")
def a_link_in_place_of_a_file(maker: Maker) -> bytes:
    body = bytearray(maker.archive())
    at = body.index(header("weights.bin", 768))
    body[at + 156 : at + 157] = b"2"
    return maker.container(bytes(body))


@hostile("malformed")
def bytes_between_files_inside(maker: Maker) -> bytes:
    body = bytearray(maker.archive())
    body[-1025] = 1
    return maker.container(bytes(body))


@hostile("malformed")
def bytes_after_the_end_inside(maker: Maker) -> bytes:
    return maker.container(maker.archive() + b"x" * 512)


@hostile("truncated")
def a_file_larger_than_the_archive(maker: Maker) -> bytes:
    manifest = maker.manifest()
    manifest["files"][-1]["size"] = 500 << 20
    body = maker.archive(canonical(manifest), maker.files())
    return maker.container(body[: body.index(b"weights.bin\0")] + header("weights.bin", 500 << 20) + bytes(2560))


@hostile("malformed")
def manifest_comes_second(maker: Maker) -> bytes:
    return maker.container(member("consent.json", b"{}") + maker.archive())


@hostile("too_large")
def manifest_of_a_gigabyte(maker: Maker) -> bytes:
    return maker.container(header("manifest.json", 1 << 30) + bytes(4096))


@hostile("too_large")
def consent_of_a_gigabyte(maker: Maker) -> bytes:
    body = maker.archive()
    return maker.container(body[: body.index(b"consent.json\0")] + header("consent.json", 1 << 30) + bytes(4096))


# who made it


@hostile("unsigned")
def manifest_that_nobody_signed(maker: Maker) -> bytes:
    body = maker.archive()
    unsigned = body[: body.index(b"manifest.json.minisig\0")] + body[body.index(b"consent.json\0") :]
    return maker.container(unsigned)


@hostile("untrusted")
def voice_made_by_a_station(maker: Maker) -> bytes:
    manifest = canonical(maker.manifest())
    return maker.container(maker.archive(manifest, signature=maker.station.sign(manifest, "x")))


@hostile("forged")
def manifest_with_the_signature_of_another(maker: Maker) -> bytes:
    return maker.container(maker.archive(seq=8, signature=maker.author.sign(canonical(maker.manifest()), "x")))


@hostile("forged")
def manifest_with_a_signature_that_is_none(maker: Maker) -> bytes:
    return maker.container(maker.archive(signature=b"untrusted comment: yes\n"))


# whose voice it is


@hostile("no_consent")
def no_consent(maker: Maker) -> bytes:
    files = {path: content for path, content in maker.files().items() if not path.startswith("consent")}
    return maker.container(maker.archive(files=files))


@hostile("no_consent")
def consent_without_its_signature(maker: Maker) -> bytes:
    files = {path: content for path, content in maker.files().items() if path != "consent.json.minisig"}
    return maker.container(maker.archive(files=files))


@hostile("no_consent")
def consent_that_the_manifest_does_not_list(maker: Maker) -> bytes:
    files = maker.files()
    listed = {path: content for path, content in files.items() if not path.startswith("consent")}
    return maker.container(maker.archive(canonical(maker.manifest(listed)), files))


def _consent(name: str, reason: str, change: Callable[[Maker, dict[str, bytes]], dict[str, bytes]]) -> None:
    def make(maker: Maker) -> bytes:
        files = maker.files()
        return maker.container(maker.archive(files=dict(sorted({**files, **change(maker, files)}.items()))))

    add(name, reason, make)


def _changed_consent(maker: Maker, files: dict[str, bytes]) -> dict[str, bytes]:
    return {"consent.json": files["consent.json"].replace(b'"DE"', b'"FR"')}


_consent("consent_that_was_changed", "consent_forged", _changed_consent)
_consent("consent_signed_by_a_station", "consent_untrusted", lambda m, f: m.signed_consent(f["consent.json"], m.station))
_consent("consent_signed_with_nothing", "consent_forged", lambda _m, _f: {"consent.json.minisig": b""})
_consent("consent_that_is_no_record", "consent_malformed", lambda m, _f: m.signed_consent(b"yes, I do"))


@hostile("damaged")
def consent_to_another_voice(maker: Maker) -> bytes:
    files = maker.files()
    return maker.container(maker.archive(canonical(maker.manifest(files)), {**files, **maker.consent(subject="speaker 8")}))


# what the chimes are


def _chime(name: str, content: bytes, reason: str = "malformed") -> None:
    def make(maker: Maker) -> bytes:
        return maker.container(maker.archive(files={**maker.files(), "chimes/gate.wav": content}))

    add(name, reason, make)


_chime("chime_of_nothing", b"")
_chime("chime_that_is_compressed", b"fLaC" + bytes(64))
_chime("chime_of_another_format", wav(tag=7))
_chime("chime_that_says_it_is_longer", wav()[:40] + b"\xfe\xff\xff\xff" + wav()[44:])
_chime("chime_that_does_not_end", wav(bytes(2 * 8_000 * 11)), "too_large")
_chime("chime_that_is_large", bytes((2 << 20) + 1), "too_large")


# what the manifest says


def _path(name: str, path: str, reason: str = "unsafe_path") -> None:
    def make(maker: Maker) -> bytes:
        files = maker.files()
        manifest = maker.manifest(files)
        manifest["files"] = sorted([*manifest["files"], entry(path, b"x")], key=lambda each: each["path"])
        return maker.container(maker.archive(canonical(manifest), files))

    add(name, reason, make)


_path("path_to_the_parent", "../outside")
_path("path_through_the_parent", "chimes/../../outside")
_path("path_from_the_root", "/etc/passwd")
_path("path_of_here", "./weights2.bin")
_path("path_with_an_empty_part", "chimes//gate")
_path("path_of_a_folder", "chimes/")
_path("path_of_nothing", "")
_path("path_that_is_hidden", ".bashrc")
_path("path_that_is_hidden_deeper", "chimes/.bashrc")
_path("path_of_windows", "chimes\\..\\..\\outside")
_path("path_of_a_drive", "C:outside")
_path("path_with_a_line_end", "a\nb")
_path("path_with_a_zero", "a\0b")
_path("path_that_looks_like_an_option", "-rf")
_path("path_that_is_not_ascii", "声音.bin")
_path("path_that_reads_backwards", "gpj\u202eexe")
_path("path_of_half_a_character", "\ud800", "malformed")
_path("path_that_is_too_long", "a" * 101)
_path("path_that_differs_by_capitals", "Weights.BIN")
_path("path_through_a_file", "weights.bin/inner")
_path("path_of_the_manifest", "manifest.json")
_path("path_of_the_manifest_in_capitals", "MANIFEST.JSON.minisig")


def _manifest(name: str, reason: str = "malformed", **changes: Any) -> None:
    add(name, reason, lambda maker: maker.container(maker.archive(canonical({**maker.manifest(), **changes}), maker.files())))


_manifest("number_of_zero", seq=0)
_manifest("number_below_zero", seq=-1)
_manifest("number_beyond_what_json_holds", seq=2**53)
_manifest("number_of_very_many_digits", seq=10**4000)
_manifest("number_with_a_fraction", seq=7.0)
_manifest("number_in_quotes", seq="7")
_manifest("number_that_is_true", seq=True)
_manifest("number_that_is_none", sample_rate=float("nan"))
_manifest("format_of_the_future", format="vpk/2")
_manifest("field_that_is_unknown", exec="/bin/sh")
_manifest("id_that_leads_away", id="../default")
_manifest("id_that_is_hidden", id=".voice")
_manifest("id_with_a_line_end", id="anna\n")
_manifest("name_that_writes_on_the_terminal", display_name="\x1b]0;owned\x07")
_manifest("text_of_half_a_character", licence="\udc00")
_manifest("languages_that_are_a_word", languages="zh")
_manifest("languages_that_are_lists", languages=[["zh"]])
_manifest("no_languages", languages=[])
_manifest("golden_of_nothing", golden=None)
_manifest("golden_of_a_million_levels", golden={"phonemes": "a", "n_samples": 9, "levels_db": [[0] * 1000] * 10})
_manifest("chime_that_leads_away", chimes={"gate": "/etc/passwd"})
_manifest("chimes_that_are_a_list", chimes=["gate"])
_manifest("template_that_is_none", templates=["请{ticket"])
_manifest("rollout_to_more_than_all", rollout_percent=101)
_manifest("time_that_never_was", valid_from="2026-02-30T00:00:00Z")
_manifest("time_elsewhere", valid_from="2026-11-20T08:00:00+01:00")
_manifest("end_before_the_beginning", expires="2026-11-20T07:59:59Z")
_manifest("no_beginning", valid_from=None)
_manifest("files_that_are_a_word", files="all")
_manifest("files_without_sizes", files=[{"path": "a", "sha256": "0" * 64}])
_manifest("files_that_are_numbers", files=[1, 2])
_manifest("expired_voice", "expired", valid_from="2026-01-01T00:00:00Z", expires="2026-11-22T08:00:00Z")
_manifest("voice_of_the_future", "not_yet_valid", valid_from="2026-11-22T08:00:01Z")
_manifest("engine_nobody_has", "unknown_engine", engine="rm-rf")
_manifest("engine_of_the_future", "engine_too_old", engine_min="0.1.1")
_manifest("phonemes_of_another_program", "front_end_differs", symbols_sha256="6" * 64)


def _manifest_bytes(name: str, change: Callable[[bytes], bytes], reason: str = "malformed") -> None:
    add(name, reason, lambda maker: maker.container(maker.archive(change(canonical(maker.manifest())), maker.files())))


_manifest_bytes("manifest_of_nothing", lambda _content: b"")
_manifest_bytes("manifest_that_is_a_list", lambda content: b"[" + content + b"]")
_manifest_bytes("manifest_with_spaces", lambda content: content.replace(b'":', b'": ', 1))
_manifest_bytes("manifest_with_a_line_end", lambda content: content + b"\n")
_manifest_bytes("manifest_with_a_byte_order_mark", lambda content: b"\xef\xbb\xbf" + content)
_manifest_bytes("manifest_that_is_not_utf_8", lambda content: content.replace(b"anna", b"ann\xff"))
_manifest_bytes("manifest_in_utf_16", lambda content: content.decode().encode("utf-16"))
_manifest_bytes("manifest_with_a_field_twice", lambda content: content.replace(b"{", b'{"seq":9,', 1))
_manifest_bytes("manifest_with_escapes", lambda content: content.replace(b'"anna"', b'"\\u0061nna"'))
_manifest_bytes("manifest_without_a_field", lambda content: content.replace(b'"licence":"CC0-1.0",', b""))
_manifest_bytes("manifest_in_another_order", lambda content: json.dumps(dict(reversed(json.loads(content).items()))).encode())
_manifest_bytes("manifest_that_is_deep", lambda _content: b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
_manifest_bytes("manifest_that_is_long", lambda content: content.replace(b"CC0-1.0", b"x" * (256 << 10)), "too_large")


@hostile("too_large")
def very_many_files(maker: Maker) -> bytes:
    files = dict(sorted({**maker.files(), **{f"f/{number:04}": b"" for number in range(256)}}.items()))
    return maker.container(maker.archive(files=files))


@hostile("too_large")
def one_very_large_file(maker: Maker) -> bytes:
    return maker.container(maker.archive(canonical(_of_sizes(maker, (512 << 20) + 1)), maker.files()))


@hostile("too_large")
def files_that_are_large_together(maker: Maker) -> bytes:
    return maker.container(maker.archive(canonical(_of_sizes(maker, 400 << 20, 400 << 20)), maker.files()))


def _of_sizes(maker: Maker, *sizes: int) -> dict[str, Any]:
    manifest = maker.manifest()
    manifest["files"] += [{"path": f"x{number}", "size": size, "sha256": "0" * 64} for number, size in enumerate(sizes)]
    return manifest


def corpus(maker: Maker) -> Iterator[tuple[str, bytes]]:
    """Every pack by its name."""
    for name, (_, make) in CORPUS.items():
        yield name, make(maker)
