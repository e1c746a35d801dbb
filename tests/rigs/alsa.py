"""Sound without a sound card, through PortAudio and alsa-lib all the same.

``alsa_file_pcm``: every frame lands in a WAV file, as fast as it is written.
``null_sink``: a sink that plays in real time, can be taken away and returned, and whose monitor is recorded.

Both point ``ALSA_CONFIG_PATH`` of this process at a configuration of their own, in which the rig is the default device
too; a child process gets the same by inheriting the environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 48000

_ATTEMPTS = 12
_LONGEST_PAUSE_S = 0.06
"""Less than what a device holds of sound."""
_Heard = TypeVar("_Heard")

_SYSTEM_CONFIG = "</usr/share/alsa/alsa.conf>\n"


class FilePcm:
    """An ALSA device that writes what it is given to WAV files in ``folder``, one for each time it is opened."""

    device = "edge_test_file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "alsa.conf"
        self.config.write_text(
            _SYSTEM_CONFIG
            + f'pcm.edge_capture {{ type file; slave.pcm "null"; file "{folder}/out.wav"; format "wav"; truncate false }}\n'
            + "".join(
                f'pcm.{name} {{ type plug; slave {{ pcm "edge_capture"; rate {RATE}; channels 2; format S16_LE }} }}\n'
                for name in (self.device, "!default")
            )
        )

    @property
    def files(self) -> list[Path]:
        """The WAV files written so far, oldest first."""
        return sorted(self.folder.glob("out.wav*"))

    def captured(self) -> NDArray[np.float32]:
        """What was played, left channel, all files in order: float32 [n_frames] at ``RATE``."""
        parts = [np.zeros(0, dtype=np.float32)]
        for path in self.files:
            with wave.open(str(path)) as file:
                assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
                samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            parts.append(samples[::2].astype(np.float32) / 32767)
        return np.concatenate(parts)


class NullSink:
    """A PulseAudio null sink behind the ALSA pulse plugin, with a daemon of its own.

    What can be unplugged is a second sink in front of the one that is recorded, so that the recording has no holes and
    the recorder, which wants little latency, always keeps the null sink from rendering seconds ahead.
    """

    device = "edge_test_sink"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-audio-"))
        self.config = self.folder / "alsa.conf"
        self.longest_pause_s = 0.0
        """Since :meth:`renew`: how long nothing was recorded. The sink never pauses by itself, a busy machine does."""
        self._plugged = False
        self._chunks: list[bytes] = []
        server = self.folder / "native"
        self.config.write_text(
            _SYSTEM_CONFIG
            + "".join(f'pcm.{name} {{ type pulse; server "unix:{server}"; device "edge" }}\n' for name in (self.device, "!default"))
        )
        self._env = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_STATE_PATH": str(self.folder),
            "PULSE_SERVER": f"unix:{server}",
        }
        script = self.folder / "daemon.pa"
        script.write_text(
            f"load-module module-native-protocol-unix socket={server} auth-anonymous=1\n"
            f"load-module module-cli-protocol-unix socket={self.folder / 'cli'}\n"
            f"load-module module-null-sink sink_name=room rate={RATE} channels=2 format=s16le\n"
        )
        self._daemon = self._start(["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
        _until(lambda: subprocess.run(["pactl", "info"], env=self._env, capture_output=True, check=False).returncode == 0)
        self._recorder = self._start(
            ["parec", "-d", "room.monitor", "--latency-msec=5", f"--rate={RATE}", "--channels=1", "--format=s16le", "--raw"]
        )
        self._reader = threading.Thread(target=self._read, name="recorder", daemon=True)
        self._reader.start()
        self.replug()
        _until(lambda: bool(self._chunks))

    def unplug(self) -> None:
        """Take the sink away, as when a USB loudspeaker is pulled out."""
        self._control("unload-module", "module-remap-sink")
        self._plugged = False
        _until(self._silenced)

    def _silenced(self) -> bool:
        """End the streams that were moved to the other sink; whether there are none left."""
        streams = [line.split()[0] for line in self._control("list", "short", "sink-inputs").splitlines()]
        for stream in streams:
            with socket.socket(socket.AF_UNIX) as command_line:
                command_line.connect(str(self.folder / "cli"))
                command_line.sendall(f"kill-sink-input {stream}\n".encode())
        return not streams

    def replug(self) -> None:
        """Return the sink."""
        self._control("load-module", "module-remap-sink", "sink_name=edge", "master=room", "remix=no")
        self._plugged = True

    def renew(self) -> None:
        """Forget what was captured, and return the sink if it is away."""
        if not self._plugged:
            self.replug()
        self._chunks.clear()
        self.longest_pause_s = 0.0

    def undisturbed(self, attempt: Callable[[], _Heard], *pids: int) -> _Heard:
        """What ``attempt`` returns, which checks what was heard since it began. One that fails is repeated if the machine did not
        give the audio its time.

        When a busy machine runs nothing for longer than the device's buffer lasts, what is heard says nothing about the player. The
        recorder, which has no part in playing, notices such pauses; and the kernel knows how long the threads of this process, and
        of those in ``pids``, waited for a processor.
        """
        for _ in range(_ATTEMPTS - 1):
            self.renew()
            before = _waited_s(os.getpid(), *pids)
            try:
                return attempt()
            except Exception:
                waited = _waited_s(os.getpid(), *pids)
                longest_s = max((waited[thread] - before.get(thread, 0.0) for thread in waited), default=0.0)
                if max(self.longest_pause_s, longest_s) < _LONGEST_PAUSE_S:
                    raise
        self.renew()
        return attempt()

    def captured(self) -> NDArray[np.float32]:
        """What was heard so far, silence included: float32 mono [n_frames] at ``RATE``."""
        return np.frombuffer(b"".join(self._chunks), dtype="<i2").astype(np.float32) / 32767

    def close(self) -> None:
        self._recorder.terminate()
        self._reader.join(10)
        for process in (self._recorder, self._daemon):
            process.terminate()
            process.__exit__(None, None, None)  # waits, and closes its pipe
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *command: str) -> str:
        return subprocess.run(["pactl", *command], env=self._env, check=True, capture_output=True, text=True).stdout

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_ask_for_priority,  # noqa: PLW1509 - only makes a system call
        )

    def _read(self) -> None:
        assert self._recorder.stdout is not None
        odd = b""
        last = time.monotonic()
        while data := os.read(self._recorder.stdout.fileno(), 65536):
            now = time.monotonic()
            self.longest_pause_s, last = max(self.longest_pause_s, now - last), now
            data = odd + data
            odd = data[len(data) // 2 * 2 :]
            self._chunks.append(data[: len(data) // 2 * 2])


@pytest.fixture
def alsa_file_pcm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FilePcm:
    pcm = FilePcm(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(pcm.config))
    return pcm


@pytest.fixture(scope="session")
def null_sink_daemon() -> Iterator[NullSink]:
    for program, package in {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "parec": "pulseaudio-utils"}.items():
        if shutil.which(program) is None:
            pytest.fail(f"The real-time audio tests need {program}: install the Debian package {package}.")
    plugin = "alsa-lib/libasound_module_pcm_pulse.so"
    if not [*Path("/usr").glob(f"lib*/{plugin}"), *Path("/usr").glob(f"lib*/*/{plugin}")]:
        pytest.fail("The real-time audio tests need ALSA's pulse plugin: install the Debian package libasound2-plugins.")
    sink = NullSink()
    try:
        yield sink
    finally:
        sink.close()


@pytest.fixture
def null_sink(null_sink_daemon: NullSink, monkeypatch: pytest.MonkeyPatch) -> Iterator[NullSink]:
    null_sink_daemon.renew()
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(null_sink_daemon.config))
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # as the unit does: whoever holds the interpreter's lock holds the audio
    yield null_sink_daemon
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, usual)


def _ask_for_priority() -> None:
    """A daemon that stutters on a busy machine would look like a player that does."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(8))


def _waited_s(*pids: int) -> dict[tuple[int, str], float]:
    """How long each thread of some processes was ready to run and did not, all its life long; empty where the kernel does not tell."""
    waited = {}
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(OSError):  # it has ended
                waited[pid, task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
    return waited


def _until(ready: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the audio rig did not start")
        time.sleep(0.01)
