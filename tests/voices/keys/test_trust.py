from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from edge_agent.voices.keys import KeysError, PublicKey, SecretKey, Signature, SignatureRefused, Signer, Trust, TrustFile


@pytest.fixture(scope="module")
def secret() -> SecretKey:
    return SecretKey.generate()


@pytest.fixture
def file(tmp_path: Path) -> TrustFile:
    return TrustFile(tmp_path / "keys", built_in=())


def refusal(trust: Trust, secret: SecretKey, role: str = "author", content: bytes = b"x") -> str:
    with pytest.raises(SignatureRefused) as refused:
        trust.verify(content, Signature.from_bytes(secret.sign(b"x", "")), role)
    assert refused.value.key_id == secret.public_key.id
    return refused.value.reason


def test_a_signer_counts_in_its_roles_only(secret: SecretKey) -> None:
    trust = Trust((Signer("a", secret.public_key, ("author", "consent")),))
    signature = Signature.from_bytes(secret.sign(b"x", ""))
    assert trust.verify(b"x", signature, "author").name == "a"
    assert refusal(trust, secret, "station") == "untrusted"
    assert refusal(Trust(), secret) == "untrusted"
    assert refusal(trust, secret, content=b"y") == "forged"


def test_revoked_is_stronger_than_trusted_and_told_from_forged(secret: SecretKey) -> None:
    trust = Trust((Signer("a", secret.public_key),), {secret.public_key: "stolen"})
    assert refusal(trust, secret) == "revoked"
    assert refusal(trust, secret, content=b"y") == "forged", "a forger cannot speak for a revoked key either"
    assert refusal(Trust((), {secret.public_key: "stolen"}), secret) == "revoked"


def test_one_key_may_have_several_names_with_other_roles(secret: SecretKey) -> None:
    trust = Trust((Signer("a", secret.public_key, ("author",)), Signer("b", secret.public_key, ("station",))))
    assert trust.verify(b"x", Signature.from_bytes(secret.sign(b"x", "")), "station").name == "b"


def test_trusted_keys_survive(file: TrustFile, secret: SecretKey) -> None:
    assert file.read() == Trust()
    assert file.stamp() is None
    signer = Signer("depot", secret.public_key, ("station",), ("anna",))
    file.trust(signer)
    stamp = file.stamp()
    assert TrustFile(file.path.parent, built_in=()).read() == Trust((signer,))
    file.trust(Signer("depot", secret.public_key, ("author",)))
    assert file.stamp() != stamp
    assert [each.roles for each in file.read().signers] == [("author",)]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o644


def test_revoking_is_for_good(file: TrustFile, secret: SecretKey) -> None:
    file.trust(Signer("depot", secret.public_key))
    assert file.revoke("depot", "stolen") == secret.public_key
    assert file.read() == Trust((), {secret.public_key: "stolen"})
    with pytest.raises(KeysError, match=r"was revoked here \(stolen\)"):
        file.trust(Signer("depot", secret.public_key))
    file.revoke(secret.public_key.text, "asked again")
    assert file.read().revoked == {secret.public_key: "stolen"}, "the first reason stays"


def test_a_key_can_be_revoked_before_it_was_ever_seen(file: TrustFile, secret: SecretKey) -> None:
    file.revoke(secret.public_key.text, "stolen")
    assert refusal(file.read(), secret) == "revoked"


def test_the_key_that_is_built_in(tmp_path: Path, secret: SecretKey) -> None:
    file = TrustFile(tmp_path, built_in=(Signer("project", secret.public_key, voices=("default",)),))
    assert [signer.name for signer in file.read().signers] == ["project"]
    other = SecretKey.generate().public_key
    for signer in (Signer("project", other), Signer("mine", secret.public_key), Signer("project", secret.public_key)):
        with pytest.raises(KeysError):
            file.trust(signer)
    file.revoke("project", "not wanted")
    assert secret.public_key in file.read().revoked


@pytest.mark.parametrize("name", ["", "a b", "-x", "ä", "a" * 65])
def test_names_are_plain(file: TrustFile, secret: SecretKey, name: str) -> None:
    with pytest.raises(KeysError, match="cannot be a signer's name"):
        file.trust(Signer(name, secret.public_key))


def test_names_and_keys_are_not_mixed_up(file: TrustFile, secret: SecretKey) -> None:
    file.trust(Signer("a", secret.public_key))
    with pytest.raises(KeysError, match="first: edge-agent keys revoke a"):
        file.trust(Signer("b", secret.public_key))
    with pytest.raises(KeysError, match="first: edge-agent keys revoke a"):
        file.trust(Signer("a", SecretKey.generate().public_key))
    with pytest.raises(KeysError, match="at least one of the roles"):
        file.trust(Signer("c", SecretKey.generate().public_key, ()))
    with pytest.raises(KeysError, match="no public key and no signer's name; there are: a"):
        file.revoke("b", "x")
    with pytest.raises(KeysError, match="reason must be"):
        file.revoke("a", "\n")
    assert [signer.name for signer in file.read().signers] == ["a"]


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"version": 1}', '{"version": 2, "signers": {}, "revoked": {}}', '{"version": 1, "signers": [], "revoked": {}}',
     '{"version": 1, "signers": {"a": {"key": "x", "roles": [], "voices": null}}, "revoked": {}}',
     '{"version": 1, "signers": {}, "revoked": {"x": "y"}}'],
)  # fmt: skip
def test_a_garbled_file_trusts_nobody_and_is_not_written_over(file: TrustFile, secret: SecretKey, content: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(content)
    with pytest.raises(KeysError, match=r"is garbled|cannot be relied on"):
        file.read()
    with pytest.raises(KeysError, match=r"is garbled|cannot be relied on"):
        file.trust(Signer("a", secret.public_key))
    assert file.path.read_text() == content


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_write_is_not_believed(file: TrustFile, secret: SecretKey, mode: int) -> None:
    file.trust(Signer("a", secret.public_key))
    file.path.chmod(mode)
    with pytest.raises(KeysError, match="others can write to it"):
        file.read()


def test_bad_roles_in_the_file(file: TrustFile, secret: SecretKey) -> None:
    file.trust(Signer("a", secret.public_key))
    values = json.loads(file.path.read_text())
    for change in ({"roles": ["king"]}, {"voices": "default"}, {"voices": [1]}):
        file.path.write_text(json.dumps({**values, "signers": {"a": {**values["signers"]["a"], **change}}}))
        with pytest.raises(KeysError, match="roles or voices of a"):
            file.read()


def test_a_folder_that_cannot_be_written(tmp_path: Path, secret: SecretKey) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeysError, match="cannot be"):
        TrustFile(tmp_path / "keys").trust(Signer("a", secret.public_key))


def test_keys_are_compared_by_what_they_are(secret: SecretKey) -> None:
    assert PublicKey.parse(secret.public_key.text) in {secret.public_key: 1}
