from __future__ import annotations

import io
from pathlib import Path

import minisign
import pytest

from edge_agent.voices.keys import KeysError, PublicKey, SecretKey, Signature
from edge_agent.voices.keys.minisig import COMMENT, MAX_SIGNATURE_BYTES


@pytest.fixture(scope="module")
def secret() -> SecretKey:
    return SecretKey.generate()


def test_a_signature_is_of_its_content_and_comment(secret: SecretKey) -> None:
    signature = Signature.from_bytes(secret.sign(b"content", "said"))
    assert (signature.key_id, signature.untrusted_comment, signature.trusted_comment) == (secret.public_key.id, COMMENT, "said")
    assert secret.public_key.made(signature, b"content")
    assert secret.public_key.made(signature, io.BytesIO(b"content"))
    assert not secret.public_key.made(signature, b"contents")
    assert not SecretKey.generate().public_key.made(signature, b"content")


def test_a_stream_is_read_from_its_beginning_each_time(secret: SecretKey) -> None:
    stream = io.BytesIO(b"content")
    signature = Signature.from_bytes(secret.sign(b"content", "x"))
    assert [secret.public_key.made(signature, stream) for _ in range(2)] == [True, True]


def test_there_is_one_spelling_of_a_signature(secret: SecretKey) -> None:
    content = secret.sign(b"content", "x")
    for index in range(len(content)):
        changed = bytearray(content)
        changed[index] ^= 1
        try:
            found = Signature.from_bytes(bytes(changed))
        except ValueError:
            continue
        made = found.key_id == secret.public_key.id and secret.public_key.made(found, b"content")
        assert not made or found.untrusted_comment != COMMENT


SHORT = b"untrusted comment: a\nRU==\ntrusted comment: b\nRU==\n"


@pytest.mark.parametrize("content", [b"", b"\n\n\n\n", b"x" * (MAX_SIGNATURE_BYTES + 1), SHORT])
def test_what_is_no_signature(content: bytes) -> None:
    with pytest.raises(ValueError):
        Signature.from_bytes(content)


def test_a_public_key_as_a_line_or_as_a_file(secret: SecretKey) -> None:
    key = secret.public_key
    assert PublicKey.parse(key.text) == PublicKey.parse(f"untrusted comment: mine\n{key.text}\n") == key
    assert len(key.id) == 16


@pytest.mark.parametrize("text", ["", "RWQ", "not a key", "A" * 56])
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(KeysError, match=r"no minisign public key .* second line of a \.pub file"):
        PublicKey.parse(text)


def test_a_key_with_bits_that_mean_nothing_is_not_taken_for_another(secret: SecretKey) -> None:
    # 42 bytes end on a full group of four characters, so a key has no such bits; a longer text has no place
    with pytest.raises(KeysError):
        PublicKey.parse(secret.public_key.text + "AA==")


def test_a_secret_key_does_not_show_itself(secret: SecretKey) -> None:
    secret_line = secret.to_bytes().split(b"\n")[1].decode()
    assert secret_line not in repr(secret) + str(vars(secret))


def test_a_secret_key_survives_its_file(secret: SecretKey, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(secret.to_bytes())
    assert SecretKey.read(path).public_key == secret.public_key


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    key = minisign.KeyPair.generate().secret_key
    key.encrypt("open sesame", opslimit=32768, memlimit=1 << 20)
    path = tmp_path / "a.key"
    path.write_bytes(bytes(key))
    assert SecretKey.read(path, "open sesame").public_key
    with pytest.raises(KeysError, match="encrypted: give its password"):
        SecretKey.read(path)
    with pytest.raises(KeysError, match="does not open with this password"):
        SecretKey.read(path, "please")


def test_what_is_no_secret_key(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    with pytest.raises(KeysError, match="cannot be read"):
        SecretKey.read(path)
    for content in (b"", b"a\nb\n", b"\xff" * 9000):
        path.write_bytes(content)
        with pytest.raises(KeysError, match="make one with minisign -G"):
            SecretKey.read(path)
