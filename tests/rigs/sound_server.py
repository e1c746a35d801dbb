"""A PulseAudio server without a sound card, and programs that play music through it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pulsectl
import pytest

_WITHIN_S = 60.0


class SoundServer:
    """Remembers programs' volumes from stream to stream, as desktops do (module-stream-restore)."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-duck-"))
        self.address = f"unix:{self.folder}/native"
        self.alsa_config = self.folder / "alsa.conf"
        self.alsa_config.write_text(
            f'</usr/share/alsa/alsa.conf>\nctl.edge_duck {{ type pulse; server "{self.address}"; sink "edge" }}\n'
            f'pcm.edge_duck {{ type pulse; server "{self.address}"; device "edge" }}\n'
        )
        script = self.folder / "daemon.pa"
        script.write_text(
            f"load-module module-native-protocol-unix socket={self.folder}/native auth-anonymous=1\n"
            "load-module module-stream-restore restore_device=false\n"
            "load-module module-null-sink sink_name=edge\n"
        )
        self.environ = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_STATE_PATH": str(self.folder),
            "PULSE_SERVER": self.address,
        }
        self._players: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._script = script
        self.start()

    def start(self) -> None:
        options = ["--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no", "--high-priority=no", "--log-level=error"]
        self._server = subprocess.Popen(
            ["pulseaudio", "-n", "-F", str(self._script), *options],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: subprocess.run(["pactl", "info"], env=self.environ, capture_output=True, check=False).returncode == 0)

    def end(self) -> None:
        """The server ends; its clients are cut off."""
        assert self._server is not None
        self._server.terminate()
        self._server.wait(_WITHIN_S)

    def play(self, name: str) -> subprocess.Popen[bytes]:
        """A program of that name begins to play."""
        n_before = len(self.streams(name))
        command = ["pacat", "--raw", f"--client-name={name}", "--stream-name=music", "--latency-msec=50", "/dev/zero"]
        self._players.append(subprocess.Popen(command, env=self.environ, stderr=subprocess.DEVNULL))
        until(lambda: len(self.streams(name)) > n_before)
        return self._players[-1]

    def end_of(self, player: subprocess.Popen[bytes], name: str) -> None:
        """That program ends."""
        player.terminate()
        player.wait(_WITHIN_S)
        until(lambda: not self.streams(name))

    def streams(self, name: str) -> list[float]:
        """The volumes of a program's streams."""
        with pulsectl.Pulse("test", server=self.address) as pulse:
            return [one.volume.value_flat for one in pulse.sink_input_list() if one.proplist.get("application.name") == name]

    def volume(self, name: str) -> float:
        (only,) = self.streams(name)
        return only

    def set_volume(self, name: str, volume: float) -> None:
        """A person moves a program's slider."""
        with pulsectl.Pulse("test", server=self.address) as pulse:
            for one in pulse.sink_input_list():
                if one.proplist.get("application.name") == name:
                    pulse.volume_set_all_chans(one, volume)

    def remembered(self, name: str) -> float | None:
        """The volume that the program's next stream will have; None as long as the server has not noted one."""
        with pulsectl.Pulse("test", server=self.address) as pulse:
            entries = [one for one in pulse.stream_restore_list() if one.name.endswith(f":{name}")]
            return entries[0].volume.value_flat if entries else None

    def renew(self) -> None:
        """Every program ends, and none is remembered; the server is there."""
        for player in self._players:
            player.kill()
            player.wait()
        self._players.clear()
        if self._server is not None and self._server.poll() is not None:
            self.start()
        with pulsectl.Pulse("test", server=self.address) as pulse:
            until(lambda: not pulse.sink_input_list())
            if remembered := [entry.name for entry in pulse.stream_restore_list()]:
                # libpulse reads on to a null that pulsectl does not put there, into memory that is not ours.
                pulse.stream_restore_delete([*remembered, None])

    def close(self) -> None:
        for player in self._players:
            player.kill()
            player.wait()
        if self._server is not None and self._server.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _sound_server() -> Iterator[SoundServer]:
    server = SoundServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def sound_server(_sound_server: SoundServer) -> SoundServer:
    _sound_server.renew()
    return _sound_server


def until(condition, what: str = "the condition") -> None:
    """Wait until ``condition()`` holds; fails the test if it never does."""
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.01)
