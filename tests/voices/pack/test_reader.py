from __future__ import annotations

import io
import stat
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from edge_agent.voices.keys import SecretKey, Signer, Trust
from edge_agent.voices.pack import Limits, PackError, Program, open_pack, verify_folder
from tests.voices.pack.maker import DAY, NOW, PAYLOAD, PROGRAM, Maker


@pytest.fixture(scope="module")
def sealed(maker: Maker) -> bytes:
    return maker.sealed(maker.archive())


def reason(maker: Maker, pack: bytes, **options: object) -> str:
    with pytest.raises(PackError) as refused:
        maker.open(pack, **options)
    return refused.value.reason


def without(trust: Trust, name: str) -> Trust:
    return Trust(tuple(signer for signer in trust.signers if signer.name != name))


@pytest.mark.parametrize("is_sealed", [True, False])
def test_from_a_pack_to_an_installed_voice(maker: Maker, tmp_path: Path, is_sealed: bool) -> None:
    body = maker.archive()
    pack, folder = tmp_path / "anna.vpk", tmp_path / "anna"
    pack.write_bytes(maker.sealed(body) if is_sealed else maker.container(body))
    folder.mkdir()
    with open_pack(pack, **maker.terms) as opened:
        assert (opened.sealed, opened.manifest.id, opened.manifest.seq) == (is_sealed, "anna", 7)
        assert (opened.author.name, opened.station.name) == ("author", "station")
        assert opened.consent.subject == "speaker 7"
        opened.extract_to(folder)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(found) == {*PAYLOAD, "consent.json", "consent.json.minisig", "manifest.json", "manifest.json.minisig"}
    assert all(found[path].read_bytes() == content for path, content in PAYLOAD.items())
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.values()} == {0o600}
    assert stat.S_IMODE((folder / "chimes").stat().st_mode) == 0o700
    assert verify_folder(folder, trust=maker.trust, now=NOW, program=PROGRAM) == opened.manifest


def test_a_sealed_pack_holds_nothing_readable(sealed: bytes) -> None:
    assert PAYLOAD["weights.bin"] not in sealed
    assert b"speaker 7" not in sealed
    assert b"anna" not in sealed.partition(b"voice.tar.age\0")[2], "but for what the station's comment tells the technician"


def test_every_device_it_was_sealed_for_can_read_it(maker: Maker) -> None:
    others = [pyrage.x25519.Identity.generate() for _ in range(3)]
    pack = maker.sealed(maker.archive(), [*others, maker.device])
    for device in others:
        assert maker.read(pack, identities=[device])["weights.bin"] == PAYLOAD["weights.bin"]
    assert reason(maker, pack, identities=[pyrage.x25519.Identity.generate()]) == "wrong_device"
    assert reason(maker, pack, identities=[]) == "wrong_device"


def test_an_earlier_key_of_the_device_still_opens(maker: Maker, sealed: bytes) -> None:
    assert maker.read(sealed, identities=[pyrage.x25519.Identity.generate(), maker.device])


@pytest.mark.parametrize(("name", "expected"), [("author", "untrusted"), ("station", "untrusted"), ("witness", "consent_untrusted")])
def test_a_signer_who_is_not_trusted(maker: Maker, sealed: bytes, name: str, expected: str) -> None:
    assert reason(maker, sealed, trust=without(maker.trust, name)) == expected


@pytest.mark.parametrize(("name", "expected"), [("author", "revoked"), ("station", "revoked"), ("witness", "consent_revoked")])
def test_a_signer_who_was_revoked(maker: Maker, sealed: bytes, tmp_path: Path, name: str, expected: str) -> None:
    with maker.open(sealed) as opened:
        opened.extract_to(tmp_path)
    key = next(signer.key for signer in maker.trust.signers if signer.name == name)
    trust = Trust(maker.trust.signers, {key: "stolen"})
    assert reason(maker, sealed, trust=trust) == expected
    if name != "station":  # the station's signature stays behind with the pack
        with pytest.raises(PackError) as refused:
            verify_folder(tmp_path, trust=trust, now=NOW, program=PROGRAM)
        assert refused.value.reason == expected


@pytest.mark.parametrize("role", ["author", "station", "witness"])
def test_a_signer_who_is_trusted_for_other_voices_only(maker: Maker, sealed: bytes, role: str) -> None:
    signers = tuple(
        Signer(each.name, each.key, each.roles, ("berta",)) if each.name == role else each for each in maker.trust.signers
    )
    assert reason(maker, sealed, trust=Trust(signers)) == "untrusted"


def test_a_key_that_borrows_the_id_of_a_trusted_one(maker: Maker) -> None:
    """Whoever makes a key chooses its id; only the key itself counts."""
    import minisign

    theirs = bytearray(minisign.SecretKey.from_bytes(SecretKey.generate().to_bytes())._keynum_sk.secret_key)
    forged = minisign.SecretKey.from_bytes(maker.station.to_bytes())
    forged._keynum_sk.secret_key[:] = theirs
    body = maker.archive()
    signature = bytes(forged.sign(body, untrusted_comment="signature from minisign secret key", trusted_comment="x")) + b"\n"
    assert reason(maker, maker.container(body, signature=signature)) == "forged"


def test_validity_ends_at_its_second(maker: Maker) -> None:
    pack = maker.container(maker.archive(valid_from="2026-11-22T08:00:00Z", expires="2026-11-23T08:00:00Z"))
    second = timedelta(seconds=1)
    assert reason(maker, pack, now=NOW - second) == "not_yet_valid"
    assert maker.open(pack, now=NOW).manifest
    assert maker.open(pack, now=NOW + DAY - second).manifest
    assert reason(maker, pack, now=NOW + DAY) == "expired"


def test_consent_has_times_of_its_own(maker: Maker, tmp_path: Path) -> None:
    files = maker.files(valid_from=NOW, valid_until=NOW + DAY)
    pack = maker.container(maker.archive(files=files))
    assert reason(maker, pack, now=NOW - timedelta(seconds=1)) == "consent_not_yet_valid"
    with maker.open(pack) as opened:
        opened.extract_to(tmp_path)
    assert reason(maker, pack, now=NOW + DAY) == "consent_expired"
    with pytest.raises(PackError) as refused:
        verify_folder(tmp_path, trust=maker.trust, now=NOW + DAY, program=PROGRAM)
    assert refused.value.reason == "consent_expired"


def test_limits_are_reached_exactly(maker: Maker) -> None:
    pack = maker.container(maker.archive())
    with maker.open(pack) as opened:
        payload, n_files = opened.manifest.payload_bytes, len(opened.manifest.files)
        manifest_bytes = len(opened.manifest.to_bytes())
    for name, limit in {"pack_bytes": len(pack), "files": n_files, "manifest_bytes": manifest_bytes, "file_bytes": 768}.items():
        assert maker.read(pack, limits=Limits(**{name: limit}))
        assert reason(maker, pack, limits=Limits(**{name: limit - 1})) == "too_large"
    assert payload < len(pack)


def test_the_stream_of_a_caller_stays_open(maker: Maker, sealed: bytes) -> None:
    file = io.BytesIO(sealed)
    with open_pack(file, **maker.terms):
        pass
    assert not file.closed


def test_a_file_is_closed_when_it_is_refused(maker: Maker, tmp_path: Path) -> None:
    pack = tmp_path / "x.vpk"
    pack.write_bytes(maker.sealed(maker.archive(seq=0)))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(PackError):
            open_pack(pack, **maker.terms)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_medium_that_fails(maker: Maker, sealed: bytes) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 4000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(PackError, match="Input/output error") as refused:
        open_pack(Failing(sealed), **maker.terms)
    assert refused.value.reason == "unreadable"


def test_a_full_disk_is_no_fault_of_the_pack(maker: Maker, sealed: bytes) -> None:
    class Full(io.BytesIO):
        def write(self, content: bytes, /) -> int:
            raise OSError(28, "No space left on device")

    for pack in (sealed, maker.container(maker.archive())):
        with maker.open(pack) as opened, pytest.raises(OSError, match="No space left"):
            opened.unpack(lambda _entry: Full())


def test_only_into_an_empty_folder(maker: Maker, sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").symlink_to("/etc/passwd")
    with maker.open(sealed) as opened:
        with pytest.raises(FileExistsError, match="not empty"):
            opened.extract_to(tmp_path)
        with pytest.raises(FileNotFoundError):
            opened.extract_to(tmp_path / "missing")
        (tmp_path / "link").symlink_to(tmp_path)
        with pytest.raises(NotADirectoryError):
            opened.extract_to(tmp_path / "link")


class TestInstalled:
    """A voice in its folder, verified again at every load."""

    @pytest.fixture
    def folder(self, maker: Maker, sealed: bytes, tmp_path: Path) -> Path:
        with maker.open(sealed) as opened:
            opened.extract_to(tmp_path)
        return tmp_path

    def refusal(self, maker: Maker, folder: Path, **options: object) -> str:
        with pytest.raises(PackError) as refused:
            verify_folder(folder, **{"trust": maker.trust, "now": NOW, "program": PROGRAM, **options})
        return refused.value.reason

    @pytest.mark.parametrize("change", ["flip", "cut", "grow", "remove", "link", "folder"])
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("weights.bin", {"damaged", "unreadable"}),
            ("manifest.json", {"forged", "malformed", "unreadable"}),
            ("manifest.json.minisig", {"forged", "unsigned", "unreadable"}),
            ("consent.json", {"consent_forged", "no_consent", "unreadable"}),
            ("consent.json.minisig", {"consent_forged", "no_consent", "unreadable"}),
        ],
    )
    def test_what_was_changed_is_refused(self, maker: Maker, folder: Path, name: str, expected: set[str], change: str) -> None:
        path = folder / name
        content = path.read_bytes()
        changes = {"flip": content[:9] + bytes([content[9] ^ 1]) + content[10:], "cut": content[:-1], "grow": content + b"\n"}
        path.unlink()
        if change in changes:
            path.write_bytes(changes[change])
        elif change == "link":
            (folder / "copy").write_bytes(content)
            path.symlink_to("copy")
        elif change == "folder":
            path.mkdir()
        assert self.refusal(maker, folder) in expected

    def test_other_files_do_not_matter(self, maker: Maker, folder: Path) -> None:
        (folder / "notes.txt").write_text("mine")
        assert verify_folder(folder, trust=maker.trust, now=NOW, program=PROGRAM).id == "anna"

    def test_a_program_that_cannot_speak_it(self, maker: Maker, folder: Path) -> None:
        assert self.refusal(maker, folder, program=Program("0.0.9", PROGRAM.phonemes)) == "engine_too_old"
        assert self.refusal(maker, folder, program=Program("0.1.0", {"gptsovits": None})) == "unknown_engine"
        assert self.refusal(maker, folder, program=Program("0.1.0", {"mobilesovits": "0" * 64})) == "front_end_differs"
        assert verify_folder(folder, trust=maker.trust, now=NOW, program=Program("0.10", {"mobilesovits": None})).id == "anna"


def test_this_program_speaks_its_own_voices() -> None:
    program = Program.current()
    assert "mobilesovits" in program.phonemes
    assert len(program.phonemes["mobilesovits"] or "") == 64
