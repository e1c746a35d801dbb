from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.config.zmq import default_socket_dir
from edge_agent.ingress import InvalidZmqConfig, ZmqConfig


def test_every_fault_at_once() -> None:
    with pytest.raises(InvalidZmqConfig) as caught:
        ZmqConfig(Path("/" + "x" * 100), Path("/keys"), tcp_port=65_535)
    assert [key for key, _ in caught.value.problems] == ["socket_dir", "tcp_port"]


def test_the_longest_folder_that_fits() -> None:
    ZmqConfig(Path("/" + "x" * 94), Path("/keys"))


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, "/run/edge-agent"),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/edge-agent"),
        ({"XDG_RUNTIME_DIR": "relative"}, "/run/edge-agent"),
        ({"XDG_RUNTIME_DIR": "/run/user/7", "RUNTIME_DIRECTORY": "/run/x:/run/y"}, "/run/x"),
    ],
)
def test_where_the_sockets_are(environ: dict[str, str], folder: str) -> None:
    assert default_socket_dir(environ)[0] == Path(folder)
