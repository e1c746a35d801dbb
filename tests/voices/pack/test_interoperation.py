"""The stock tools and this program read each other's packs, keys and signatures."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from edge_agent.voices.keys import PublicKey, SecretKey, Signature, Signer, Trust, load_device_keys, make_device_keys
from edge_agent.voices.pack import PackError, open_pack, seal_pack, sign_pack, ustar
from tests.voices.pack.maker import CONSENT, NOW, PAYLOAD, PROGRAM, Maker, canonical, unpacked

TAR = "tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=644 --mtime=@0 -b1 -cf".split()


@pytest.fixture
def tool(tmp_path: Path):
    def run(*command: object, input: bytes | None = None) -> bytes:
        done = subprocess.run([str(part) for part in command], cwd=tmp_path, input=input, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_stock_tools_check_and_open_our_pack(maker: Maker, tool, tmp_path: Path) -> None:
    device = make_device_keys(tmp_path / "keys")
    write(tmp_path, "draft.vpk", ustar.member("voice.tar", maker.archive()) + ustar.END)
    sign_pack(tmp_path / "draft.vpk", tmp_path / "signed.vpk", station=maker.station, author=maker.author)
    seal_pack(tmp_path / "signed.vpk", tmp_path / "anna.vpk", recipients=[device.recipient], station=maker.station)

    tool("tar", "xf", "anna.vpk")
    told = tool("minisign", "-Vm", "voice.tar.age", "-P", maker.station.public_key.text).decode()
    assert "Trusted comment: voice=anna seq=7 version=1.2.0" in told
    write(tmp_path, "voice.tar", tool("age", "-d", "-i", "keys/device.age", "voice.tar.age"))
    tool("tar", "xf", "voice.tar")
    tool("minisign", "-Vm", "manifest.json", "-P", maker.author.public_key.text)
    tool("minisign", "-Vm", "consent.json", "-P", maker.witness.public_key.text)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    sums = "".join(f"{each['sha256']}  {each['path']}\n" for each in manifest["files"])
    assert tool("sha256sum", "-c", input=sums.encode()).count(b": OK") == len(manifest["files"]) == len(PAYLOAD) + 2


def test_the_device_opens_what_stock_tools_made(maker: Maker, tool, tmp_path: Path) -> None:
    """Every key, signature, archive and seal of this pack is from a stock tool."""
    for name in ("author", "station"):
        tool("minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.key")
    tool("age-keygen", "-o", "device.age")
    recipient = tool("age-keygen", "-y", "device.age").decode().strip()
    for path, content in {**maker.files(), "manifest.json": canonical(maker.manifest())}.items():
        write(tmp_path, path, content)
    tool("minisign", "-S", "-s", "author.key", "-m", "manifest.json")
    tool("minisign", "-S", "-s", "author.key", "-m", "consent.json")
    manifest = maker.manifest({name: (tmp_path / name).read_bytes() for name in maker.files()})
    write(tmp_path, "manifest.json", canonical(manifest))
    tool("minisign", "-S", "-s", "author.key", "-m", "manifest.json")
    tool(*TAR, "voice.tar", "manifest.json", "manifest.json.minisig", *CONSENT, *PAYLOAD)
    tool("age", "-r", recipient, "-o", "voice.tar.age", "voice.tar")
    tool("minisign", "-S", "-s", "station.key", "-m", "voice.tar.age", "-t", "voice=anna seq=7")
    tool(*TAR, "anna.vpk", "voice.tar.age.minisig", "voice.tar.age")

    keys = {name: PublicKey.parse((tmp_path / f"{name}.pub").read_text()) for name in ("author", "station")}
    trust = Trust((Signer("author", keys["author"], ("author", "consent")), Signer("station", keys["station"], ("station",))))
    tool("minisign", "-G", "-W", "-p", "device.pub", "-s", "device.minisign")
    (tmp_path / "device.age").chmod(0o600)
    device = load_device_keys(tmp_path, {})
    assert device is not None
    assert device.recipient == recipient
    with open_pack(tmp_path / "anna.vpk", trust=trust, identities=device.identities, now=NOW, program=PROGRAM) as opened:
        assert {path: content for path, content in unpacked(opened).items() if path in PAYLOAD} == PAYLOAD


def test_archives_are_those_of_gnu_tar_to_the_byte(maker: Maker, tool, tmp_path: Path) -> None:
    body = maker.archive()
    tool("tar", "xf", write(tmp_path, "ours.tar", body))
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        names = archive.getnames()
    tool(*TAR, "theirs.tar", *names)
    assert (tmp_path / "theirs.tar").read_bytes() == body


def test_receipts_of_the_device_are_checked_by_minisign(tool, tmp_path: Path) -> None:
    device = make_device_keys(tmp_path / "keys")
    write(tmp_path, "receipt.json", b"{}")
    write(tmp_path, "receipt.json.minisig", device.sign(b"{}", "deleted voice=anna"))
    assert b"deleted voice=anna" in tool("minisign", "-Vm", "receipt.json", "-P", device.secret.public_key.text)


def test_an_author_signs_elsewhere_with_the_stock_tool(maker: Maker, tool, tmp_path: Path) -> None:
    tool("minisign", "-G", "-W", "-p", "a.pub", "-s", "a.key")
    write(tmp_path, "draft.vpk", ustar.member("voice.tar", maker.archive()) + ustar.END)
    write(tmp_path, "manifest.json", canonical(maker.manifest()))
    tool("minisign", "-S", "-s", "a.key", "-m", "manifest.json", "-c", "from the safe", "-t", "anna, made in May")
    signature = (tmp_path / "manifest.json.minisig").read_bytes()
    assert Signature.from_bytes(signature).untrusted_comment == "from the safe"
    sign_pack(tmp_path / "draft.vpk", tmp_path / "signed.vpk", station=maker.station, author=signature)
    trust = Trust((Signer("safe", PublicKey.parse((tmp_path / "a.pub").read_text()), ("author",)), *maker.trust.signers))
    with open_pack(tmp_path / "signed.vpk", trust=trust, identities=[], now=NOW, program=PROGRAM) as opened:
        assert opened.author.name == "safe"


def test_signatures_of_the_legacy_kind_are_not_taken(tool, tmp_path: Path) -> None:
    tool("minisign", "-G", "-W", "-p", "a.pub", "-s", "a.key")
    write(tmp_path, "text", b"hello")
    tool("minisign", "-S", "-l", "-s", "a.key", "-m", "text")
    with pytest.raises(ValueError, match="legacy"):
        Signature.from_bytes((tmp_path / "text.minisig").read_bytes())


def test_packs_for_several_devices_open_with_each_ones_age(maker: Maker, tool, tmp_path: Path) -> None:
    recipients = []
    for number in range(3):
        tool("age-keygen", "-o", f"{number}.age")
        recipients.append(tool("age-keygen", "-y", f"{number}.age").decode().strip())
    body = maker.archive()
    write(tmp_path, "signed.vpk", maker.container(body))
    seal_pack(tmp_path / "signed.vpk", tmp_path / "anna.vpk", recipients=recipients, station=maker.station)
    tool("tar", "xf", "anna.vpk")
    assert {tool("age", "-d", "-i", f"{number}.age", "voice.tar.age") for number in range(3)} == {body}


def test_a_pack_resealed_by_someone_else_is_refused(maker: Maker, tool, tmp_path: Path) -> None:
    """age proves nothing of who sealed: only the station's signature does."""
    recipient = str(maker.device.to_public())
    body = tool("age", "-r", recipient, input=maker.archive())
    pack = maker.container(body, "voice.tar.age", signature=SecretKey.generate().sign(body, "x"))
    with pytest.raises(PackError) as refused:
        maker.open(pack)
    assert refused.value.reason == "untrusted"
