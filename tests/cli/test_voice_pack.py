from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from edge_agent.cli.exit_codes import ExitCode
from edge_agent.text import FRONT_END_VERSION
from edge_agent.voices.keys import SecretKey
from tests.cli.conftest import EdgeAgent
from tests.voices.pack.maker import Maker, wav


@pytest.fixture
def key(tmp_path: Path) -> SecretKey:
    secret = SecretKey.generate()
    (tmp_path / "a.key").write_bytes(secret.to_bytes())
    (tmp_path / "a.pub").write_text(f"untrusted comment: mine\n{secret.public_key.text}\n")
    return secret


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    from edge_agent.synthesis.mobilesovits.card import symbols_sha256

    folder = tmp_path / "anna"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"weights")
    (folder / "gate.wav").write_bytes(wav())
    card = {
        "voice_id": "anna", "display_name": "Anna", "engine": "mobilesovits", "languages": ["zh"], "shape": {"sample_rate": 24000},
        "front_end_version": FRONT_END_VERSION, "symbols_sha256": symbols_sha256(), "made": {"licence": "CC0-1.0"}, "sha256": {},
        "golden": {"phonemes": "a", "n_samples": 100, "levels_db": [[0]]},
    }  # fmt: skip
    (folder / "voice.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def signed(edge_agent: EdgeAgent, key: SecretKey, voice: Path, tmp_path: Path) -> Path:
    draft, signed = tmp_path / "draft.vpk", tmp_path / "signed.vpk"
    assert edge_agent("voice", "build", voice, "--out", draft, "--synthetic", tmp_path / "a.key", "--seq", 3).code == 0
    assert edge_agent("voice", "sign", draft, "--out", signed, "--key", tmp_path / "a.key").code == 0
    return signed


def test_from_a_voice_to_a_pack_this_device_takes(edge_agent: EdgeAgent, key: SecretKey, signed: Path, tmp_path: Path) -> None:
    recipient = edge_agent("keys", "init").out.strip()
    sealed = tmp_path / "sealed.vpk"
    made = edge_agent("voice", "seal", signed, "--out", sealed, "--key", tmp_path / "a.key", "--to", recipient)
    assert made.out == f"{sealed}: sealed for 1 device\n"
    refused = edge_agent("voice", "verify", sealed)
    assert refused.code == ExitCode.FAILED
    assert f"untrusted: voice.tar.age was signed by key {key.public_key.id}, which is not trusted here" in refused.err
    assert edge_agent("keys", "trust", "depot", tmp_path / "a.pub").out == f"{key.public_key.id}\n"
    assert edge_agent("voice", "verify", sealed).out == f"{sealed}: good; voice anna 1.0.0 (seq 3)\n"
    assert edge_agent("voice", "verify", sealed, "--json").json() == {"good": True, "voice": "anna", "version": "1.0.0", "seq": 3}
    edge_agent("keys", "revoke", "depot", "--reason", "stolen")
    assert edge_agent("voice", "verify", sealed, "--json").json()["reason"] == "revoked"


def test_verify_without_the_devices_key(edge_agent: EdgeAgent, key: SecretKey, signed: Path, tmp_path: Path) -> None:
    pack = tmp_path / "x.vpk"
    pack.write_bytes(Maker(station=key).sealed(b""))
    told = edge_agent("voice", "verify", pack, "--outside", "--key", tmp_path / "a.pub")
    assert told.out.endswith("what is inside was not checked\n")
    assert "wrong_device: " in edge_agent("voice", "verify", pack, "--key", key.public_key.text).err
    assert "untrusted: " in edge_agent("voice", "verify", pack, "--outside").err


def test_verify_an_installed_voice(edge_agent: EdgeAgent, key: SecretKey, signed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    folder.mkdir()
    subprocess.run(f"tar xOf {signed} voice.tar | tar x -C {folder}", shell=True, check=True, timeout=60)
    assert edge_agent("voice", "verify", folder, "--key", key.public_key.text).out == f"{folder}: good; voice anna 1.0.0 (seq 3)\n"
    (folder / "weights.bin").write_bytes(b"other")
    assert "damaged: " in edge_agent("voice", "verify", folder, "--key", key.public_key.text).err


def test_inspect(edge_agent: EdgeAgent, key: SecretKey, signed: Path, tmp_path: Path) -> None:
    shown = edge_agent("voice", "inspect", signed)
    assert [line.split()[0] for line in shown.lines[:4]] == ["sealed", "pack", "manifest", "voice"]
    assert "synthetic anna, for announcements" in shown.out
    found = edge_agent("voice", "inspect", signed, "--json").json()
    assert (found["checked"], found["sealed"], found["manifest"]["seq"], found["consent"]["kind"]) == (False, False, 3, "synthetic")
    assert found["author"]["key"] == key.public_key.id
    sealed = tmp_path / "sealed.vpk"
    sealed.write_bytes(Maker().sealed(b""))
    assert "cannot be read with this device's key" in edge_agent("voice", "inspect", sealed).out
    assert edge_agent("voice", "inspect", sealed, "--json").json()["manifest"] is None
    assert "its manifest cannot be read here" in edge_agent("voice", "inspect", sealed, "--manifest").err


def test_a_manifest_signed_elsewhere(edge_agent: EdgeAgent, voice: Path, key: SecretKey, tmp_path: Path) -> None:
    draft, signed, station = tmp_path / "draft.vpk", tmp_path / "signed.vpk", SecretKey.generate()
    (tmp_path / "station.key").write_bytes(station.to_bytes())
    edge_agent("voice", "build", voice, "--out", draft, "--synthetic", tmp_path / "a.key", "--seq", 3)
    (tmp_path / "manifest.json").write_text(edge_agent("voice", "inspect", draft, "--manifest").out)
    subprocess.run(["minisign", "-S", "-s", "a.key", "-m", "manifest.json"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    options = ("--key", tmp_path / "station.key", "--manifest-signature", tmp_path / "manifest.json.minisig")
    assert edge_agent("voice", "sign", draft, "--out", signed, *options).code == 0
    trusted = ("--key", key.public_key.text, "--key", station.public_key.text)
    assert edge_agent("voice", "verify", signed, *trusted).code == 0
    both = edge_agent("voice", "sign", draft, "--out", tmp_path / "x.vpk", *options, "--author-key", tmp_path / "a.key")
    assert (both.code, "exclude each other" in both.err) == (ExitCode.USAGE, True)


def test_another_station_keeps_the_authors_signature(edge_agent: EdgeAgent, key: SecretKey, signed: Path, tmp_path: Path) -> None:
    station = SecretKey.generate()
    (tmp_path / "station.key").write_bytes(station.to_bytes())
    edge_agent("voice", "sign", signed, "--out", tmp_path / "again.vpk", "--key", tmp_path / "station.key")
    found = edge_agent("voice", "inspect", tmp_path / "again.vpk", "--json").json()
    assert (found["author"]["key"], found["station"]["key"]) == (key.public_key.id, station.public_key.id)


def test_everything_that_can_be_said_of_a_voice(edge_agent: EdgeAgent, voice: Path, key: SecretKey, tmp_path: Path) -> None:
    (tmp_path / "phrases.txt").write_text("请注意\n\nAttention please\n")
    (tmp_path / "templates.txt").write_text("请{ticket}号到{window}号窗口\n")
    draft = tmp_path / "draft.vpk"
    built = edge_agent(
        "voice", "build", voice, "--out", draft, "--synthetic", tmp_path / "a.key", "--seq", 9, "--version", "2.1.0",
        "--licence", "CC-BY-4.0", "--engine-min", "0.0.1", "--phrases", tmp_path / "phrases.txt",
        "--templates", tmp_path / "templates.txt", "--chime", "gate=gate.wav",
        "--valid-from", "2026-01-01", "--expires", "2030-06-30T12:00:00Z", "--rollout", 25,
    )  # fmt: skip
    assert built.code == 0, built.err
    manifest = json.loads(edge_agent("voice", "inspect", draft, "--manifest").out)
    manifest = {name: manifest[name] for name in ("seq", "version", "licence", "engine_min", "phrases", "templates", "chimes")}
    assert manifest == {
        "seq": 9, "version": "2.1.0", "licence": "CC-BY-4.0", "engine_min": "0.0.1", "phrases": ["请注意", "Attention please"],
        "templates": ["请{ticket}号到{window}号窗口"], "chimes": {"gate": "gate.wav"},
    }  # fmt: skip
    assert "from 2026-01-01 00:00 until 2030-06-30 12:00 UTC" in edge_agent("voice", "inspect", draft).out


@pytest.mark.parametrize("options", [(), ("--synthetic", "a.key", "--consent", "a.key")])
def test_a_voice_has_an_owner_or_none(
    edge_agent: EdgeAgent, voice: Path, key: SecretKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = edge_agent("voice", "build", voice, "--out", "draft.vpk", "--seq", 1, *options)
    assert refused.code == ExitCode.USAGE
    assert "nobody's" in refused.err
    assert not (tmp_path / "draft.vpk").exists()


def test_a_chime_with_a_name_of_the_devices_own_would_never_be_heard(
    edge_agent: EdgeAgent, voice: Path, key: SecretKey, tmp_path: Path
) -> None:
    options = ("--synthetic", tmp_path / "a.key", "--seq", 1, "--chime", "alarm=gate.wav")
    refused = edge_agent("voice", "build", voice, "--out", tmp_path / "draft.vpk", *options)
    assert (refused.code, "--chime alarm: the device has a chime of this name" in refused.err) == (ExitCode.USAGE, True)
    assert not (tmp_path / "draft.vpk").exists()


def test_nothing_is_written_over(edge_agent: EdgeAgent, signed: Path, tmp_path: Path) -> None:
    refused = edge_agent("voice", "sign", tmp_path / "draft.vpk", "--out", signed, "--key", tmp_path / "a.key")
    assert (refused.code, "exists; remove it" in refused.err) == (ExitCode.FAILED, True)


def test_recipients_from_a_file(edge_agent: EdgeAgent, signed: Path, tmp_path: Path) -> None:
    import pyrage

    devices = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    (tmp_path / "devices.txt").write_text("# the hall\n" + "\n".join(devices) + "\n")
    out = tmp_path / "sealed.vpk"
    made = edge_agent("voice", "seal", signed, "--out", out, "--key", tmp_path / "a.key", "--to", tmp_path / "devices.txt")
    assert made.out == f"{out}: sealed for 2 devices\n"
    missing = edge_agent("voice", "seal", signed, "--out", tmp_path / "x", "--key", tmp_path / "a.key", "--to", "nobody")
    assert "neither an age1... key nor a file" in missing.err
