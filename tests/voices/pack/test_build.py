from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyrage
import pytest

from edge_agent.templates import TemplateListError
from edge_agent.voices.catalog import BUILT_IN
from edge_agent.voices.consent import Consent
from edge_agent.voices.keys import KeysError, TrustFile
from edge_agent.voices.pack import (
    ALWAYS,
    Manifest,
    PackError,
    Program,
    build_pack,
    inspect_pack,
    open_pack,
    seal_pack,
    sign_pack,
    verify_folder,
    write_synthetic_consent,
)
from tests.voices.pack.maker import DAY, NOW, PAYLOAD, SYMBOLS, Maker, unpacked


@pytest.fixture
def voice(maker: Maker, tmp_path: Path) -> Path:
    """A folder such as python -m quantize writes, and more that belongs to the voice."""
    folder = tmp_path / "anna"
    (folder / "chimes").mkdir(parents=True)
    for path, content in PAYLOAD.items():
        (folder / path).write_bytes(content)
    golden = {"phonemes": "a", "n_samples": 100, "levels_db": [[0] * 8] * 12}
    card = {
        "voice_id": "anna", "display_name": "Anna", "engine": "mobilesovits", "languages": ["zh"], "shape": {"sample_rate": 24000},
        "front_end_version": "1-0123456789ab", "symbols_sha256": SYMBOLS, "golden": golden, "made": {"licence": "CC0-1.0"},
        "sha256": {"weights.bin": hashlib.sha256(PAYLOAD["weights.bin"]).hexdigest()},
    }  # fmt: skip
    (folder / "voice.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def consent(maker: Maker, tmp_path: Path) -> Path:
    for name, content in maker.consent().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path / "consent.json"


@pytest.fixture
def build(voice: Path, consent: Path, tmp_path: Path):
    def run(**changes: Any) -> Manifest:
        options = {"seq": 3, "version": "1.0.0", "consent": consent, "out": tmp_path / "draft.vpk", "now": NOW, "engine_min": "0.1.0"}
        return build_pack(voice, **{**options, **changes})

    return run


def test_from_a_folder_to_a_device(maker: Maker, build, voice: Path, tmp_path: Path) -> None:
    draft, signed, sealed = (tmp_path / f"{name}.vpk" for name in ("draft", "signed", "sealed"))
    more = {"phrases": ["请注意"], "templates": ["请{ticket}号"], "chimes": {"gate": "chimes/gate.wav"}}
    manifest = build(expires=NOW + DAY, rollout_percent=10, **more)
    assert (manifest.id, manifest.seq, manifest.licence, manifest.sample_rate) == ("anna", 3, "CC0-1.0", 24000)
    assert manifest.golden["phonemes"] == "a"
    sign_pack(draft, signed, station=maker.station, author=maker.author)
    seal_pack(signed, sealed, recipients=[str(maker.device.to_public())] * 2, station=maker.station)
    for pack in (signed, sealed):
        with open_pack(pack, **maker.terms) as opened:
            assert opened.manifest == manifest
            found = unpacked(opened)
        assert {path: found[path] for path in ("weights.bin", "chimes/gate.wav")} == {
            path: PAYLOAD[path] for path in ("weights.bin", "chimes/gate.wav")
        }
    assert inspect_pack(sealed, [maker.device]).n_recipients == 1
    assert inspect_pack(sealed).manifest is None


def test_a_draft_is_no_pack_yet(maker: Maker, build, tmp_path: Path) -> None:
    build()
    with pytest.raises(PackError, match="draft") as refused:
        open_pack(tmp_path / "draft.vpk", **maker.terms)
    assert refused.value.reason == "unsigned"
    with pytest.raises(PackError, match="sign it first"):
        seal_pack(tmp_path / "draft.vpk", tmp_path / "x.vpk", recipients=[str(maker.device.to_public())], station=maker.station)
    with pytest.raises(PackError, match="nobody has signed"):
        sign_pack(tmp_path / "draft.vpk", tmp_path / "x.vpk", station=maker.station)
    assert not (tmp_path / "x.vpk").exists()


def test_another_station_signs_a_voice_it_did_not_make(maker: Maker, build, tmp_path: Path) -> None:
    build()
    sign_pack(tmp_path / "draft.vpk", tmp_path / "first.vpk", station=maker.author, author=maker.author)
    sign_pack(tmp_path / "first.vpk", tmp_path / "second.vpk", station=maker.station)
    with open_pack(tmp_path / "second.vpk", **maker.terms) as opened:
        assert (opened.author.name, opened.station.name) == ("author", "station")


def test_the_same_voice_makes_the_same_draft(build, tmp_path: Path) -> None:
    build()
    build(out=tmp_path / "again.vpk")
    assert (tmp_path / "draft.vpk").read_bytes() == (tmp_path / "again.vpk").read_bytes()


def test_what_is_not_the_voices_stays_out(build, voice: Path) -> None:
    (voice / ".cache").mkdir()
    (voice / ".cache" / "x").write_text("x")
    (voice / "manifest.json").write_text("old")
    assert [entry.path for entry in build().files] == sorted([*PAYLOAD, "consent.json", "consent.json.minisig"])


@pytest.mark.parametrize("missing", ["consent.json", "consent.json.minisig"])
def test_no_voice_without_consent(build, consent: Path, tmp_path: Path, missing: str) -> None:
    (tmp_path / missing).unlink()
    with pytest.raises(PackError, match="owner's signed consent") as refused:
        build()
    assert refused.value.reason == "no_consent"
    assert list(tmp_path.glob("*.vpk")) == []


def card_of(voice: Path, **made: Any) -> None:
    card = json.loads((voice / "voice.json").read_text())
    card["made"] |= made
    (voice / "voice.json").write_text(json.dumps(card))


def test_a_cloned_voice_is_somebodys(maker: Maker, build, voice: Path, consent: Path, tmp_path: Path) -> None:
    card_of(voice, cloned_from=["ab" * 32])
    (tmp_path / "nobody").mkdir()
    nobody = write_synthetic_consent(tmp_path / "nobody", "anna", maker.witness, NOW)
    with pytest.raises(PackError, match="so it is somebody's") as refused:
        build(consent=nobody)
    assert refused.value.reason == "no_consent"
    assert build(consent=consent).id == "anna", "the record names the recording"


def test_a_consent_to_other_recordings_is_not_one_to_this_voice(build, voice: Path, consent: Path, tmp_path: Path) -> None:
    card_of(voice, cloned_from=["cd" * 32])
    with pytest.raises(PackError, match=f"speaker 7 says nothing of the recording .*{'cd' * 32}") as refused:
        build()
    assert refused.value.reason == "no_consent"
    card_of(voice, cloned_from=[])  # by a server, whose files nobody here has seen
    assert build().id == "anna"


def test_a_consent_that_is_none_or_has_ended_is_told_before_the_device_is(maker: Maker, build, consent: Path, tmp_path: Path) -> None:
    for name, content in maker.consent(valid_until=NOW).items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PackError, match="speaker 7 ended on 2026-11-22") as refused:
        build()
    assert refused.value.reason == "consent_expired"
    consent.write_bytes(b"yes")
    with pytest.raises(PackError, match="consent record") as refused:
        build()
    assert refused.value.reason == "consent_malformed"
    assert list(tmp_path.glob("*.vpk")) == []


def test_a_voice_that_was_changed_since_it_was_made(build, voice: Path) -> None:
    (voice / "weights.bin").write_bytes(b"other")
    with pytest.raises(PackError, match="build the voice again") as refused:
        build()
    assert refused.value.reason == "damaged"


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"sha256": 7}'])
def test_a_folder_that_is_no_voice(build, voice: Path, card: str) -> None:
    (voice / "voice.json").write_text(card)
    with pytest.raises(PackError, match="no card of a voice"):
        build()


def test_a_folder_without_a_card(build, voice: Path) -> None:
    (voice / "voice.json").unlink()
    with pytest.raises(PackError, match=r"voice\.json cannot be read: No such file or directory; give the folder that"):
        build()


def test_a_card_without_a_licence(build, voice: Path) -> None:
    card = json.loads((voice / "voice.json").read_text())
    del card["made"]
    (voice / "voice.json").write_text(json.dumps(card))
    with pytest.raises(PackError, match="--licence"):
        build()
    assert build(licence="CC0-1.0").licence == "CC0-1.0"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seq": 0}, "seq must be a whole number"),
        ({"version": "new"}, "version must be"),
        ({"licence": ""}, "licence must be"),
        ({"chimes": {"gate": "gate.wav"}}, "chimes.gate must be the path of a file"),
        ({"valid_from": NOW, "expires": NOW - DAY}, "expires must be after valid_from"),
        ({"phrases": ["a", "a"]}, "different items"),
    ],
)
def test_what_cannot_be_said_of_a_voice(build, tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(PackError, match=told):
        build(**changes)
    assert list(tmp_path.glob("*.vpk")) == []


@pytest.mark.parametrize(("content", "told"), [(b"ding", "is no 16-bit PCM WAV"), (bytes(3 << 20), "at most")])
def test_chimes_are_listened_to(build, voice: Path, tmp_path: Path, content: bytes, told: str) -> None:
    (voice / "chimes" / "gate.wav").write_bytes(content)
    with pytest.raises(PackError, match=f"chime gate .*{told}"):
        build(chimes={"gate": "chimes/gate.wav"})
    assert list(tmp_path.glob("*.vpk")) == []


def test_templates_are_tried(build) -> None:
    with pytest.raises(TemplateListError):
        build(templates=["{open"])


def test_links_are_not_followed(build, voice: Path) -> None:
    (voice / "more.bin").symlink_to("/etc/passwd")
    with pytest.raises(PackError, match="neither a file nor a folder"):
        build()


def test_nothing_is_written_over(maker: Maker, build, tmp_path: Path) -> None:
    out = tmp_path / "draft.vpk"
    out.write_text("mine")
    with pytest.raises(FileExistsError, match="exists"):
        build()
    assert out.read_text() == "mine"


@pytest.mark.parametrize("recipients", [[], ["age1nonsense"], ["ssh-ed25519 AAAA"]])
def test_a_seal_needs_devices(maker: Maker, build, tmp_path: Path, recipients: list[str]) -> None:
    build()
    sign_pack(tmp_path / "draft.vpk", tmp_path / "signed.vpk", station=maker.station, author=maker.author)
    with pytest.raises(KeysError, match="edge-agent keys show"):
        seal_pack(tmp_path / "signed.vpk", tmp_path / "x.vpk", recipients=recipients, station=maker.station)


def test_a_sealed_pack_is_not_sealed_again(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "a.vpk").write_bytes(maker.sealed(maker.archive()))
    with pytest.raises(PackError, match="sealed already"):
        seal_pack(tmp_path / "a.vpk", tmp_path / "b.vpk", recipients=[str(maker.device.to_public())], station=maker.station)


def test_a_voice_that_is_nobodys(maker: Maker, build, tmp_path: Path) -> None:
    record = write_synthetic_consent(tmp_path, "anna", maker.witness, NOW - timedelta(microseconds=1))
    build(consent=record)
    sign_pack(tmp_path / "draft.vpk", tmp_path / "signed.vpk", station=maker.station, author=maker.author)
    with open_pack(tmp_path / "signed.vpk", **maker.terms) as opened:
        assert (opened.consent.kind, opened.consent.valid_until) == ("synthetic", None)


@pytest.mark.parametrize("now", [ALWAYS, NOW, datetime(2099, 1, 1, tzinfo=timezone.utc)])
def test_the_voice_that_ships_is_signed_for_what_it_is_whatever_the_clock_says(tmp_path: Path, now: datetime) -> None:
    trust = TrustFile(tmp_path).read()
    manifest = verify_folder(BUILT_IN, trust=trust, now=now, program=Program.current())
    listed = {entry.path for entry in manifest.files}
    assert {path.relative_to(BUILT_IN).as_posix() for path in BUILT_IN.rglob("*") if path.is_file()} == {
        *listed, "manifest.json", "manifest.json.minisig"
    }  # fmt: skip
    assert Consent.from_bytes((BUILT_IN / "consent.json").read_bytes()).kind == "synthetic"


def test_its_signer_counts_for_no_other_voice(maker: Maker, tmp_path: Path) -> None:
    (project,) = TrustFile(tmp_path).read().signers
    assert project.may_sign_for("default")
    assert not project.may_sign_for("anna")


def test_a_voice_that_ships_and_was_changed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "default"
    shutil.copytree(BUILT_IN, folder)
    with (folder / "weights.bin").open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(PackError, match="install the voice again"):
        verify_folder(folder, trust=TrustFile(tmp_path).read(), now=NOW, program=Program.current())


def test_a_pack_cannot_be_read_with_a_recipient_it_does_not_have(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "a.vpk").write_bytes(maker.sealed(maker.archive()))
    contents = inspect_pack(tmp_path / "a.vpk", [pyrage.x25519.Identity.generate()])
    assert (contents.sealed, contents.n_recipients, contents.manifest, contents.consent) == (True, 1, None, None)
    assert contents.station is not None
    assert contents.station.trusted_comment == "voice=anna seq=7"


def test_inspecting_believes_nobody(maker: Maker, tmp_path: Path) -> None:
    path = tmp_path / "a.vpk"
    path.write_bytes(Maker().container(maker.archive(engine="unheard-of", expires="2026-11-21T00:00:00Z")))
    contents = inspect_pack(path)
    assert contents.manifest is not None
    assert contents.manifest.engine == "unheard-of"
