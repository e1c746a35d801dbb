"""A real mosquitto on a free loopback port, with the broker settings this project ships."""

from __future__ import annotations

import datetime as dt
import getpass
import ipaddress
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rigs.ports import free_port

CONFIGS = Path(__file__).parents[2] / "firmware_configs" / "mosquitto"
_READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, the broker's certificate for 127.0.0.1 and localhost, and a client's."""

    ca: Path
    broker_cert: Path
    broker_key: Path
    client_cert: Path
    client_key: Path


class Mosquitto:
    """One broker process. It keeps its port, and with ``persistence`` its sessions, from start to start."""

    def __init__(
        self,
        folder: Path,
        *,
        base_config: str = "demo.conf",
        tls: Certificates | None = None,
        require_certificate: bool = False,
        users: dict[str, str] | None = None,
        acl: str | None = None,
        persistence: bool = False,
        extra: Sequence[str] = (),
        substitute: dict[str, str] | None = None,
    ) -> None:
        """``users`` maps user names to passwords (then nobody else gets in), ``acl`` is the text of an ACL file.

        ``extra`` lines are added to the shipped ``base_config``, whose listener, persistence and log lines are replaced; with
        ``substitute`` it is used as shipped instead, but for these replacements (``{port}`` in one stands for the port).
        """
        self.port = free_port()
        self.tls = tls
        self._folder = folder
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if users is not None:
            self._write_secret("passwd", "".join(f"{name}:{password}\n" for name, password in users.items()))
            subprocess.run(["mosquitto_passwd", "-U", str(folder / "passwd")], check=True)
        if acl is not None:
            self._write_secret("acl", acl)
        shipped = (CONFIGS / base_config).read_text()
        if substitute is None:
            lines = [line for line in shipped.splitlines() if not _replaced(line)]
            lines += [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(users is None).lower()}", *extra]
            if persistence:
                lines += ["persistence true", f"persistence_location {folder}/", "autosave_on_changes true", "autosave_interval 1"]
            if tls is not None:
                lines += [f"cafile {tls.ca}", f"certfile {tls.broker_cert}", f"keyfile {tls.broker_key}"]
                lines += [f"require_certificate {str(require_certificate).lower()}"]
            if users is not None:
                lines += [f"password_file {folder / 'passwd'}"]
            if acl is not None:
                lines += [f"acl_file {folder / 'acl'}"]
        else:
            for old, new in substitute.items():
                assert old in shipped, old
                shipped = shipped.replace(old, new.format(port=self.port))
            lines = shipped.splitlines()
        # As root, mosquitto would become another user, who cannot read this folder.
        lines += [f"user {getpass.getuser()}", f"log_dest file {self._log}", "log_type all", "connection_messages true"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def _write_secret(self, name: str, text: str) -> None:
        path = self._folder / name
        path.write_text(text)
        path.chmod(0o600)

    def start(self) -> Mosquitto:
        """Start and wait until it accepts connections."""
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._config)], stderr=subprocess.PIPE)
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                stderr = self._process.stderr.read().decode() if self._process.stderr else ""
                raise RuntimeError(f"mosquitto ended with {self._process.returncode}: {stderr}{self.log()[-2000:]}")
            if re.search(r"mosquitto version \S+ running", self.log()):
                return self
            time.sleep(0.01)
        raise RuntimeError(f"mosquitto is not ready after {_READY_WITHIN_S} s")

    def stop(self) -> None:
        """End it in good order: it saves its sessions and tells its clients."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: only what it has saved survives."""
        self._end(signal.SIGKILL)

    def save(self) -> None:
        """Write the sessions to disk, and wait until they are there."""
        assert self._process is not None
        database = self._folder / "mosquitto.db"
        before = database.stat().st_mtime_ns if database.exists() else 0
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _READY_WITHIN_S
        while not database.exists() or database.stat().st_mtime_ns == before:
            if time.monotonic() > deadline:
                raise RuntimeError("mosquitto did not save its database")
            time.sleep(0.01)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(sign)
        self._process.wait(timeout=_READY_WITHIN_S)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None
        # The next start is recognised by its own lines.
        self._log.replace(self._log.with_suffix(".old"))


MosquittoFactory = Callable[..., Mosquitto]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoFactory]:
    """``mosquitto(**options)`` starts a broker with the options of :class:`Mosquitto`; all are stopped after the test."""
    brokers: list[Mosquitto] = []

    def start(**options: object) -> Mosquitto:
        broker = Mosquitto(tmp_path / f"mosquitto-{len(brokers)}", **options)  # type: ignore[arg-type]
        brokers.append(broker)
        return broker.start()

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def make_certificates(folder: Path, *, client_name: str = "kiosk-1") -> Certificates:
    """An authority of its own, valid for a day."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("test authority", authority_key, None, authority_key, is_authority=True)
    files = {"ca": folder / "ca.crt"}
    files["ca"].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for name, common_name in (("broker", "127.0.0.1"), ("client", client_name)):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(common_name, key, authority, authority_key)
        files[f"{name}_cert"], files[f"{name}_key"] = folder / f"{name}.crt", folder / f"{name}.key"
        files[f"{name}_cert"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files[f"{name}_key"].write_bytes(pem)
    return Certificates(**files)


def _replaced(line: str) -> bool:
    return line.partition(" ")[0] in (
        "#", "", "listener", "allow_anonymous", "persistence", "persistence_location", "autosave_on_changes", "autosave_interval",
        "log_dest", "log_type", "connection_messages", "cafile", "certfile", "keyfile", "password_file", "acl_file",
    )  # fmt: skip


def _certificate(
    common_name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = dt.datetime.now(dt.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
