from __future__ import annotations

import stat
from pathlib import Path

import pyrage
import pytest

from edge_agent.voices.keys import KeysError, Signature, load_device_keys, make_device_keys, read_identities


def test_made_once_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "keys"
    assert load_device_keys(folder, {}) is None
    made = make_device_keys(folder)
    found = load_device_keys(folder, {})
    assert found is not None
    assert (found.recipient, found.fingerprint, found.protection) == (made.recipient, made.fingerprint, "file")
    assert found.recipient.startswith("age1")
    assert [len(group) for group in found.fingerprint.split("-")] == [4, 4, 4, 4]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"device.age": 0o600, "device.minisign": 0o600}
    with pytest.raises(KeysError, match="are lost with it, so remove it yourself"):
        make_device_keys(folder)
    assert load_device_keys(folder, {}).recipient == made.recipient


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    made = make_device_keys(tmp_path)
    secret = (tmp_path / "device.age").read_text().split("\n")[2]
    assert secret.startswith("AGE-SECRET-KEY-1")
    assert secret not in repr(made) + str(made)


def test_signs_receipts(tmp_path: Path) -> None:
    made = make_device_keys(tmp_path)
    signature = Signature.from_bytes(made.sign(b"receipt", "deleted"))
    assert made.secret.public_key.made(signature, b"receipt")


def test_credentials_come_first(tmp_path: Path) -> None:
    folder, credentials = tmp_path / "keys", tmp_path / "credentials"
    in_file, in_credentials = make_device_keys(folder), make_device_keys(credentials)
    for path in credentials.iterdir():
        path.chmod(0o440)  # as systemd has them, with an access list for the service
    found = load_device_keys(folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert found is not None
    assert (found.recipient, found.protection) == (in_credentials.recipient, "credential")
    (credentials / "device.minisign").unlink()
    found = load_device_keys(folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert found is not None
    assert (found.recipient, found.secret.public_key) == (in_credentials.recipient, in_file.secret.public_key)
    (credentials / "device.age").unlink()
    found = load_device_keys(folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert found is not None
    assert (found.recipient, found.protection) == (in_file.recipient, "file")


def test_a_blank_credential_is_none(tmp_path: Path) -> None:
    folder, credentials = tmp_path / "keys", tmp_path / "credentials"
    in_file = make_device_keys(folder)
    credentials.mkdir()
    for path in folder.iterdir():
        (credentials / path.name).write_text("\n")
    found = load_device_keys(folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert found is not None
    assert (found.recipient, found.protection) == (in_file.recipient, "file")


def test_earlier_keys_stay_good_below_the_newest(tmp_path: Path) -> None:
    old = make_device_keys(tmp_path)
    new = pyrage.x25519.Identity.generate()
    path = tmp_path / "device.age"
    path.write_text(f"{new}\n# earlier\n{path.read_text()}")
    found = load_device_keys(tmp_path, {})
    assert found is not None
    assert found.recipient == str(new.to_public())
    assert [str(identity.to_public()) for identity in found.identities] == [str(new.to_public()), old.recipient]


@pytest.mark.parametrize("name", ["device.age", "device.minisign"])
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_none(tmp_path: Path, name: str, mode: int) -> None:
    make_device_keys(tmp_path)
    (tmp_path / name).chmod(mode)
    with pytest.raises(KeysError, match=f"can be read by others .* chmod 600 .*{name}"):
        load_device_keys(tmp_path, {})


@pytest.mark.parametrize("name", ["device.age", "device.minisign"])
def test_half_of_the_keys_is_told(tmp_path: Path, name: str) -> None:
    make_device_keys(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(KeysError, match=f"{name} is missing.*; bring it back, or"):
        load_device_keys(tmp_path, {})


@pytest.mark.parametrize(("content", "told"), [("", "no age identity"), ("# only words\n", "no age identity"), ("AGE-X", "something else")])
def test_a_garbled_identity(tmp_path: Path, content: str, told: str) -> None:
    make_device_keys(tmp_path)
    (tmp_path / "device.age").write_text(content)
    with pytest.raises(KeysError, match=told):
        load_device_keys(tmp_path, {})
    with pytest.raises(KeysError, match=told):
        read_identities(tmp_path / "device.age")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeysError, match="cannot be"):
        make_device_keys(tmp_path / "keys")


def test_keys_that_root_makes_are_the_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.chown", lambda path, user, group: given.update({path.name: (user, group)}))
    make_device_keys(tmp_path / "keys")
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert given == dict.fromkeys(("keys", "device.age", "device.minisign"), owner)
