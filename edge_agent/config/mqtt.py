"""The broker, and what the device is called there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from edge_agent.config.section import Section
from edge_agent.ingress.mqtt_config import InvalidMqttConfig, MqttConfig


class MqttSection(Section):
    """The broker, and what the device is called there. Topics begin with voice/<site>/<device>."""

    enabled: bool = True
    """Whether announcements come in by MQTT at all."""
    site: str = "home"
    """The place that shares announcements: all its devices also hear voice/<site>/all."""
    device: str = Field(examples=["kiosk-7"])
    """This device's name in topics; the host's name unless set."""
    groups: tuple[str, ...] = Field(default=(), examples=[["platform-2", "station"]])
    """Groups whose announcements this device speaks, each at voice/<site>/group/<name>."""
    shared_groups: tuple[str, ...] = Field(default=(), examples=[["counters"]])
    """Groups of which the broker picks one device for each announcement (MQTT 5)."""
    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    """The broker's name or address."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 1883
    """The broker's TCP port; 8883 is usual with TLS."""
    protocol: Literal[5, 311] = 5
    """MQTT 5, or 311 for an old broker (then without message expiry, response topics and sessions that expire)."""
    client_id: Annotated[str, Field(max_length=128)] = ""
    """The name of the session at the broker; made from site and device if empty."""
    username: str | None = Field(default=None, examples=["kiosk-7"])
    """The user to log in as."""
    password: SecretStr | None = Field(default=None, examples=["better in password_file or a credential"])
    """The password. Better kept in password_file or in a systemd credential named mqtt.password."""
    password_file: Path | None = Field(default=None, examples=["/etc/edge-agent/mqtt.password"])
    """A file whose first line is the password."""
    tls: bool = False
    """Encrypt the connection and verify the broker's name."""
    tls_ca: Path | None = Field(default=None, examples=["/etc/edge-agent/ca.pem"])
    """Certificate authorities to trust (PEM) instead of the system's."""
    tls_cert: Path | None = Field(default=None, examples=["/etc/edge-agent/device.pem"])
    """This device's own certificate (PEM), for brokers that ask for one."""
    tls_key: Path | None = Field(default=None, examples=["/etc/edge-agent/device.key"])
    """The certificate's private key (PEM)."""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    """The longest silence on the connection; a dead one is noticed after one and a half times this."""
    session_expiry_s: Annotated[int, Field(ge=0, le=604_800)] = 300
    """How long the broker keeps our messages while we are away."""
    will_delay_s: Annotated[int, Field(ge=0, le=3600)] = 10
    """How long we may be away before the broker tells everyone that we are offline."""
    receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = 8
    """Announcements the broker may send before the first of them is safely in the journal."""
    max_backoff_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """The longest wait between attempts to reconnect."""
    reply_prefixes: tuple[str, ...] = Field(default=(), examples=[["voice/home/reply/"]])
    """If not empty: answers go only to topics that begin with one of these."""
    hermes: bool = False
    """Also speak what is published for Rhasspy, at hermes/tts/say."""
    hermes_site_id: str = "default"
    """The Hermes site id to listen for."""

    def build(self) -> MqttConfig:
        """What the ingress takes.

        Raises:
            InvalidMqttConfig: naming every bad key at once.
        """
        given = {key: getattr(self, key) for key in MqttSection.model_fields if key not in ("enabled", "password_file")}
        return MqttConfig(**{**given, "password": self.password.get_secret_value() if self.password else None})

    def problems(self) -> Iterable[tuple[str, str]]:
        try:
            self.build()
        except InvalidMqttConfig as error:
            return error.problems
        return ()
