"""A broker, a sound device and a daemon of the demonstration's own, taken down again afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from edge_agent.demo.listener import wait_for_voice
from edge_agent.errors import EdgeAgentError

BROKER = """listener {port} 127.0.0.1
allow_anonymous true
# Without it each QoS 1 exchange waits 40 ms for a delayed acknowledgement.
set_tcp_nodelay true
"""
ALSA = """</usr/share/alsa/alsa.conf>
pcm.!default {{ type file slave.pcm "{slave}" file "{wav}" format "wav" truncate true }}
"""
CONFIG = """[mqtt]
site = "demo"
device = "kiosk"
port = {port}
[zmq]
enabled = false
[metrics]
enabled = false
[paths]
state_dir = "{folder}/state"
cache_dir = "{folder}/cache"
"""
START_S = 60.0


class StandError(EdgeAgentError):
    """The demonstration cannot be set up, or did not go as it should."""


class Stand:
    """Context manager around the processes.

    Args:
        folder: for configuration, state and cache.
        wav: where ALSA's ``file`` plugin writes what is played; a sound card, if there is one, plays it as well.
    """

    base = "voice/demo/kiosk"

    def __init__(self, folder: Path, wav: Path) -> None:
        self._folder, self._wav = folder, wav
        self._processes = contextlib.ExitStack()
        self.port = _free_port()
        self.daemon_up_s = 0.0
        card = _has_card()
        self.sound = f"the sound card and {wav}" if card else f"{wav} (this machine has no sound card)"
        self._slave = "plughw:0" if card else "null"

    def __enter__(self) -> Stand:
        try:
            self._start()
        except BaseException:
            self._processes.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.close()

    def _start(self) -> None:
        broker = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if broker is None or shutil.which("mosquitto_pub") is None:
            raise StandError("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
        self._write("broker.conf", BROKER)
        self._run([broker, "-c", str(self._folder / "broker.conf")], "broker")
        self._write("asound.conf", ALSA)
        self._write("config.toml", CONFIG)
        started = time.monotonic()
        environ = os.environ | {"ALSA_CONFIG_PATH": str(self._folder / "asound.conf")}
        daemon = self._run([sys.executable, "-m", "edge_agent", "--config", str(self._folder / "config.toml"), "run"], "daemon", environ)
        if not wait_for_voice(self.port, self.base, START_S, lambda: daemon.poll() is not None):
            raise StandError(f"the daemon did not come up within {START_S:.0f} s; its log is {self._wav.parent / 'daemon.log'}")
        self.daemon_up_s = time.monotonic() - started

    def _write(self, name: str, template: str) -> None:
        text = template.format(port=self.port, folder=self._folder, wav=self._wav, slave=self._slave)
        (self._folder / name).write_text(text, encoding="utf-8")

    def _run(self, command: list[str], name: str, environ: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        log = self._processes.enter_context((self._wav.parent / f"{name}.log").open("wb"))
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        self._processes.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _has_card() -> bool:
    try:
        return any(line.strip()[:1].isdigit() for line in Path("/proc/asound/cards").read_text().splitlines())
    except OSError:
        return False
