"""Sound without a sound card, through PortAudio and alsa-lib all the same.

``alsa_file_pcm``: every frame lands in a WAV file, as fast as it is written.
``null_sink``: a sink that plays in real time, can be taken away and returned, and whose monitor is recorded.

Both point ``ALSA_CONFIG_PATH`` of this process at a configuration of their own, in which the rig is the default device
too; a child process gets the same by inheriting the environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 48000

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
    """A PulseAudio null sink behind the ALSA pulse plugin, with a daemon of its own."""

    device = "edge_test_sink"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-audio-"))
        self.config = self.folder / "alsa.conf"
        socket = self.folder / "native"
        self.config.write_text(
            _SYSTEM_CONFIG
            + "".join(
                f'pcm.{name} {{ type pulse; server "unix:{socket}"; device "edge" }}\n'
                for name in (self.device, "!default")
            )
        )
        script = self.folder / "daemon.pa"
        script.write_text(f"load-module module-native-protocol-unix socket={socket} auth-anonymous=1\n")
        self._env = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_STATE_PATH": str(self.folder),
            "PULSE_SERVER": f"unix:{socket}",
        }
        self._chunks: list[bytes] = []
        self._recorder: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._daemon = subprocess.Popen(
            ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
            + ["--realtime=no", "--high-priority=no", "--log-level=error"],
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _until(lambda: subprocess.run(["pactl", "info"], env=self._env, capture_output=True).returncode == 0)
        self.replug()

    def unplug(self) -> None:
        """Take the sink away, as when a USB loudspeaker is pulled out."""
        subprocess.run(["pactl", "unload-module", "module-null-sink"], env=self._env, check=True, capture_output=True)
        self._stop_recording()

    def replug(self) -> None:
        """Return the sink, and record its monitor again."""
        module = ["module-null-sink", "sink_name=edge", f"rate={RATE}", "channels=2", "format=s16le"]
        subprocess.run(["pactl", "load-module", *module], env=self._env, check=True, capture_output=True)
        self._start_recording()

    def captured(self) -> NDArray[np.float32]:
        """What was heard so far, silence included: float32 mono [n_frames] at ``RATE``."""
        return np.frombuffer(b"".join(self._chunks), dtype="<i2").astype(np.float32) / 32767

    def close(self) -> None:
        self._stop_recording()
        self._daemon.send_signal(signal.SIGTERM)
        self._daemon.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_recording(self) -> None:
        # A listener that wants little latency also keeps the null sink from rendering seconds ahead.
        command = ["parec", "-d", "edge.monitor", "--latency-msec=5", f"--rate={RATE}", "--channels=1", "--raw"]
        self._recorder = subprocess.Popen(
            [*command, "--format=s16le"], env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._reader = threading.Thread(target=self._read, args=(self._recorder,), name="recorder", daemon=True)
        self._reader.start()
        n_before = len(self._chunks)
        _until(lambda: len(self._chunks) > n_before)

    def _read(self, recorder: subprocess.Popen[bytes]) -> None:
        assert recorder.stdout is not None
        odd = b""
        while data := os.read(recorder.stdout.fileno(), 65536):
            data = odd + data
            odd = data[len(data) // 2 * 2 :]
            self._chunks.append(data[: len(data) // 2 * 2])

    def _stop_recording(self) -> None:
        if self._recorder is not None and self._reader is not None:
            self._recorder.terminate()
            self._recorder.wait(10)
            self._reader.join(10)
        self._recorder = self._reader = None


@pytest.fixture
def alsa_file_pcm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilePcm]:
    pcm = FilePcm(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(pcm.config))
    yield pcm


@pytest.fixture
def null_sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[NullSink]:
    for program, package in {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "parec": "pulseaudio-utils"}.items():
        if shutil.which(program) is None:
            pytest.fail(f"The real-time audio tests need {program}: install the Debian package {package}.")
    if not list(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        pytest.fail("The real-time audio tests need ALSA's pulse plugin: install the Debian package libasound2-plugins.")
    sink = NullSink()
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(sink.config))
    try:
        yield sink
    finally:
        sink.close()


def _until(ready: object, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("the audio rig did not start")
        time.sleep(0.01)
