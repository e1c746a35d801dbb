"""Everything the MQTT ingress must be told, checked as a whole."""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_agent.ingress.base import IngressError
from edge_agent.ingress.hermes import DEFAULT_SITE
from edge_agent.ingress.topics import NAME, RESERVED_DEVICES, Topics

_NAME_ALLOWED = "1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen"
_RANGES = {
    "port": (1, 65_535),
    "keepalive_s": (5, 3_600),
    "session_expiry_s": (0, 7 * 86_400),
    "will_delay_s": (0, 3_600),
    "receive_maximum": (1, 65_535),
    "max_backoff_s": (1, 3_600),
}


class InvalidMqttConfig(IngressError):
    """Carries every fault found: ``problems`` holds (key, what is wrong with it) pairs."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"mqtt.{key} {problem}" for key, problem in problems))


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """How to reach the broker and what to be called there.

    ``session_expiry_s`` is how long the broker keeps our messages while we are away; ``will_delay_s`` how long we may be
    away before it announces us offline. Both need protocol 5. ``receive_maximum`` bounds the announcements in flight that are
    not in the journal yet.

    Raises:
        InvalidMqttConfig: naming every bad key at once.
    """

    site: str
    device: str
    host: str = "127.0.0.1"
    port: int = 1883
    groups: tuple[str, ...] = ()
    shared_groups: tuple[str, ...] = ()
    client_id: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    keepalive_s: int = 30
    protocol: Literal[5, 311] = 5
    session_expiry_s: int = 300
    will_delay_s: int = 10
    receive_maximum: int = 8
    max_backoff_s: float = 30.0
    reply_prefixes: tuple[str, ...] = ()
    hermes: bool = False
    hermes_site_id: str = DEFAULT_SITE

    def __post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            raise InvalidMqttConfig(problems)

    @property
    def effective_client_id(self) -> str:
        """The configured client id, or one that stays the same from start to start, so that the session does too."""
        return self.client_id or f"edge-agent-{self.site}-{self.device}"

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def topics(self) -> Topics:
        return Topics(
            self.site,
            self.device,
            groups=self.groups,
            shared_groups=self.shared_groups,
            hermes=self.hermes,
            reply_prefixes=self.reply_prefixes,
        )

    def reply_topic(self) -> str:
        """A new topic for the answers to one tool, below the name it logs in by: the access list that ships lets a user read no others."""
        name = self.username if self.username is not None and NAME.fullmatch(self.username) else self.device
        return f"voice/{self.site}/reply/{name}/{uuid.uuid4().hex}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Load the certificates; None without TLS. The broker's name is always verified.

        Raises:
            IngressError: a file is missing, unreadable or not what it should be.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.tls_ca)
        except OSError as error:
            raise IngressError(f"mqtt.tls_ca {self.tls_ca}: {error.strerror or error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _ClosedWhenRefused
        if self.tls_cert is not None:
            try:
                context.load_cert_chain(self.tls_cert, self.tls_key)
            except OSError as error:
                files = f"mqtt.tls_cert {self.tls_cert} with mqtt.tls_key {self.tls_key}"
                raise IngressError(f"{files}: {error.strerror or error}") from error
        return context


class _ClosedWhenRefused(ssl.SSLSocket):
    """paho leaves the socket of a failed handshake to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _problems(config: MqttConfig) -> list[tuple[str, str]]:
    problems = []
    names = [("site", config.site), ("device", config.device)]
    names += [("groups", name) for name in config.groups] + [("shared_groups", name) for name in config.shared_groups]
    for key, name in names:
        if not NAME.fullmatch(name):
            problems.append((key, f"is {name!r}; use {_NAME_ALLOWED}"))
    if config.device in RESERVED_DEVICES:
        problems.append(("device", f"is {config.device!r}, which the topics use for something else"))
    if both := set(config.groups) & set(config.shared_groups):
        problems.append(("shared_groups", f"shares {', '.join(sorted(both))} with groups; one device would hear it twice"))
    if not config.host:
        problems.append(("host", "is empty"))
    for key, (low, high) in _RANGES.items():
        value = getattr(config, key)
        if not low <= value <= high:
            problems.append((key, f"is {value}; use {low} to {high}"))
    return problems + _contradictions(config)


def _contradictions(config: MqttConfig) -> list[tuple[str, str]]:
    problems = []
    if config.protocol not in (5, 311):
        problems.append(("protocol", f"is {config.protocol}; use 5 or 311"))
    if config.password is not None and config.username is None:
        problems.append(("password", "is set without a username"))
    if (config.tls_cert is None) != (config.tls_key is None):
        problems.append(("tls_cert", "and tls_key belong together; set both or none"))
    if not config.tls and (config.tls_ca or config.tls_cert):
        problems.append(("tls", "is false, so the certificates would not be used; set it to true"))
    return problems
