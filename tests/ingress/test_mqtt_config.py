from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.ingress import InvalidMqttConfig, MqttConfig


def test_defaults():
    config = MqttConfig(site="store", device="kiosk-1")
    assert config.effective_client_id == "edge-agent-store-kiosk-1"
    assert config.address == "127.0.0.1:1883"
    assert config.tls_context() is None


def test_password_is_not_shown():
    assert "s3cret" not in repr(MqttConfig(site="s", device="d", username="u", password="s3cret"))


def test_every_problem_is_named_at_once():
    with pytest.raises(InvalidMqttConfig) as caught:
        MqttConfig(site="a/b", device="all", port=0, protocol=4, password="x", tls_key=Path("k"), keepalive_s=1)  # type: ignore[arg-type]
    assert [key for key, _ in caught.value.problems] == ["site", "device", "port", "keepalive_s", "protocol", "password", "tls_cert"]
    assert "mqtt.port is 0; use 1 to 65535" in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"site": ""}, "site"),
        ({"device": "+"}, "device"),
        ({"device": "组"}, "device"),
        ({"groups": ("hall", "#")}, "groups"),
        ({"groups": ("hall",), "shared_groups": ("hall",)}, "shared_groups"),
        ({"host": ""}, "host"),
        ({"receive_maximum": 0}, "receive_maximum"),
        ({"session_expiry_s": -1}, "session_expiry_s"),
        ({"tls_ca": Path("ca.crt")}, "tls"),
    ],
)
def test_refuses(fields, key):
    with pytest.raises(InvalidMqttConfig) as caught:
        MqttConfig(**{"site": "s", "device": "d", **fields})
    assert [name for name, _ in caught.value.problems] == [key]
