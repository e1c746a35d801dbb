from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from zmq.utils import z85

from edge_agent.ingress.zmq_keys import KeyRing, KeysError, make_pair


def test_the_server_s_pair_is_kept_private(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "zmq")
    pair = ring.make_server()
    assert ring.server() == pair
    assert pair.secret not in repr(pair)
    path = tmp_path / "zmq" / "server.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(KeysError, match="chmod 600"):
        ring.server()


def test_the_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    ring, other, pair = KeyRing(tmp_path), KeyRing(tmp_path), make_pair()
    raw = z85.decode(pair.public.encode())
    assert ring.name_of(raw) is None
    other.allow("nav", pair.public)
    assert ring.name_of(raw) == "nav"
    other.revoke("nav")
    assert ring.name_of(raw) is None
    other.allow("nav", pair.public)
    (tmp_path / "clients.json").unlink()
    assert ring.name_of(raw) is None


TOO_LARGE = json.dumps({"version": 1, "clients": {"a": "#" * 40}})


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 2}', '{"version": 1, "clients": []}', '{"version": 1, "clients": {"a": 1}}', TOO_LARGE]
)
def test_a_garbled_list(tmp_path: Path, content: str) -> None:
    (tmp_path / "clients.json").write_text(content)
    with pytest.raises(KeysError, match=r"garbled|Z85"):
        KeyRing(tmp_path).name_of(b"x" * 32)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "zmq").touch()
    with pytest.raises(KeysError, match="cannot be written"):
        KeyRing(tmp_path / "zmq").make_server()


def test_keys_that_root_makes_belong_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.update({Path(path).name: (uid, gid)}))
    KeyRing(tmp_path / "zmq").make_server()
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert given == {"zmq": owner, "server.json": owner}
