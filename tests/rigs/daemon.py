"""The daemon as systemd runs it: a process of its own, told by its command line where its configuration is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SITE, DEVICE = "store-12", "kiosk-1"
BASE = f"voice/{SITE}/{DEVICE}"
_READY_WITHIN_S = 120.0
_STOPS_WITHIN_S = 60.0
_COMMAND_WITHIN_S = 180.0


class Daemon:
    """One device. Its state, cache and log stay in ``folder`` from start to start.

    Args:
        port: the broker's.
        settings: further keys of the configuration by section, such as ``{"audio": {"device": "..."}}``.
        environ: variables beside those of the test (``ALSA_CONFIG_PATH`` comes from the audio rigs).
    """

    def __init__(
        self, folder: Path, port: int, settings: Mapping[str, Mapping[str, Any]] | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = folder / "config.toml"
        self.log_path = folder / "daemon.log"
        self.manager = ServiceManager(folder / "notify")
        self.process: subprocess.Popen[bytes] | None = None
        self._environ = dict(environ or {})
        sections: dict[str, dict[str, Any]] = {
            "mqtt": {"site": SITE, "device": DEVICE, "port": port, "max_backoff_s": 1.0},
            "zmq": {"socket_dir": str(folder / "run")},
            "metrics": {"enabled": False},
            "cache": {"floor_mib": 0},
            "paths": {"state_dir": str(folder / "state"), "cache_dir": str(folder / "cache")},
        }
        for name, keys in (settings or {}).items():
            sections.setdefault(name, {}).update(keys)
        self.config.write_text("".join(f"[{name}]\n{toml(keys)}\n" for name, keys in sections.items()), encoding="utf-8")

    def start(self) -> Daemon:
        """Start, and wait for the READY=1 that systemd would wait for."""
        n_before = self.manager.count("READY=1")
        self.process = self._spawn([sys.executable, "-m", "edge_agent", "--config", str(self.config), "run"])
        deadline = time.monotonic() + _READY_WITHIN_S
        while self.manager.count("READY=1") == n_before:
            assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            assert time.monotonic() < deadline, f"the daemon is not ready:\n{self.log()[-4000:]}"
            time.sleep(0.005)
        return self

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOPS_WITHIN_S)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End it somehow; for clearing up."""
        self.kill()
        self.manager.close()

    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def cli(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``edge-agent`` with the same configuration."""
        command = [sys.executable, "-m", "edge_agent", "--config", str(self.config), *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=_COMMAND_WITHIN_S, env=os.environ | self._environ, check=False
        )

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        environ = os.environ | self._environ | {"NOTIFY_SOCKET": str(self.manager.path)}
        with self.log_path.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environ)


class ServiceManager:
    """Systemd's end of sd_notify: hears everything, so that nobody who tells it something ever waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[str] = []
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        threading.Thread(target=self._listen, name="service manager", daemon=True).start()

    def count(self, line: str) -> int:
        return sum(line in message.splitlines() for message in self.heard)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while message := self._socket.recv(4096):
                self.heard.append(message.decode())


def toml(keys: Mapping[str, Any]) -> str:
    """The keys of one section."""
    # JSON's strings, numbers, booleans and lists are TOML's too.
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())
