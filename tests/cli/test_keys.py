from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from edge_agent.cli.exit_codes import ExitCode
from edge_agent.client import BadKeys, Keys
from tests.cli.conftest import EdgeAgent

A_KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_from_nothing_to_a_client_that_is_let_in(edge_agent: EdgeAgent, tmp_path: Path) -> None:
    server_key = edge_agent("keys", "zmq", "server").out.strip()
    out = tmp_path / "nav.json"
    client_key = edge_agent("keys", "zmq", "client", "nav", "--out", out).out.strip()
    assert edge_agent("keys", "zmq", "list", "--json").json() == {"nav": client_key}
    assert client_key in edge_agent("keys", "zmq", "list").out
    keys = Keys.read(out)
    assert (keys.public, keys.server) == (client_key, server_key)
    assert keys.secret not in repr(keys)
    assert mode(out) == 0o600
    assert mode(tmp_path / "home/.local/state/edge-agent/zmq/server.json") == 0o600
    assert edge_agent("keys", "zmq", "revoke", "nav").code == ExitCode.OK
    assert edge_agent("keys", "zmq", "list", "--json").json() == {}


def test_a_key_a_client_made_itself(edge_agent: EdgeAgent) -> None:
    assert edge_agent("keys", "zmq", "allow", "nav", A_KEY).code == ExitCode.OK
    assert edge_agent("keys", "zmq", "allow", "nav", A_KEY).code == ExitCode.OK
    assert edge_agent("keys", "zmq", "list", "--json").json() == {"nav": A_KEY}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("server",), "--force replaces it"),
        (("allow", "a b", A_KEY), "cannot be a client's name"),
        (("allow", "b", "short"), "40 characters of Z85"),
        (("allow", "b", "~" * 40), "40 characters of Z85"),
        (("allow", "b", A_KEY), "allowed already, as a"),
        (("allow", "a", A_KEY.replace("r", "s")), "is allowed with another key"),
        (("revoke", "b"), "no client is named 'b'; there are: a"),
    ],
)
def test_what_is_refused(edge_agent: EdgeAgent, arguments: tuple[str, ...], told: str) -> None:
    edge_agent("keys", "zmq", "server")
    edge_agent("keys", "zmq", "allow", "a", A_KEY)
    refused = edge_agent("keys", "zmq", *arguments)
    assert refused.code == ExitCode.FAILED
    assert told in refused.err
    assert edge_agent("keys", "zmq", "list", "--json").json() == {"a": A_KEY}


def test_a_client_without_a_server_key_or_over_another_file(edge_agent: EdgeAgent, tmp_path: Path) -> None:
    refused = edge_agent("keys", "zmq", "client", "nav", "--out", tmp_path / "nav.json")
    assert (refused.code, "keys zmq server" in refused.err) == (ExitCode.FAILED, True)
    old_key = edge_agent("keys", "zmq", "server").out
    assert edge_agent("keys", "zmq", "server", "--force").out != old_key
    (tmp_path / "nav.json").write_text("mine")
    refused = edge_agent("keys", "zmq", "client", "nav", "--out", tmp_path / "nav.json")
    assert "remove it yourself" in refused.err
    assert (tmp_path / "nav.json").read_text() == "mine"
    assert edge_agent("keys", "zmq", "list", "--json").json() == {}
    refused = edge_agent("keys", "zmq", "client", "a/b", "--out", tmp_path / "bad.json")
    assert "cannot be a client's name" in refused.err
    assert not (tmp_path / "bad.json").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"public_key": 1, "secret_key": 2, "server_key": 3})])
def test_garbled_key_files(tmp_path: Path, content: str) -> None:
    path = tmp_path / "nav.json"
    with pytest.raises(BadKeys, match="cannot be read"):
        Keys.read(path)
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadKeys, match=r"no key file|garbled"):
        Keys.read(path)


def test_a_key_file_that_others_can_read(edge_agent: EdgeAgent, tmp_path: Path) -> None:
    edge_agent("keys", "zmq", "server")
    edge_agent("keys", "zmq", "client", "nav", "--out", tmp_path / "nav.json")
    (tmp_path / "nav.json").chmod(0o640)
    with pytest.raises(BadKeys, match="chmod 600"):
        Keys.read(tmp_path / "nav.json")
