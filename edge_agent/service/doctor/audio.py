"""Whether there is a loudspeaker, and whether it takes sound."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from edge_agent.config import Config
from edge_agent.playback.errors import PortAudioMissing, SinkLost
from edge_agent.playback.outputs import output_devices, rescan
from edge_agent.playback.portaudio import PortAudioSink
from edge_agent.service.doctor.finding import Finding

_SILENCE_S = 0.2
_NO_DEVICE = 'Connect one, see it with "aplay -l", and add the service\'s user to the group audio.'


def check_audio(config: Config) -> Iterator[Finding]:
    try:
        rescan()  # PortAudio goes on naming what it saw first
        devices = output_devices()
    except PortAudioMissing as error:
        yield Finding.fail("audio", str(error), "Install it: apt install libportaudio2")
        return
    except SinkLost as error:
        yield Finding.fail("audio", str(error), _NO_DEVICE)
        return
    if not devices:
        yield Finding.fail("audio", "there is no audio output device", _NO_DEVICE, devices=[])
        return
    yield Finding.ok("audio", f"outputs: {', '.join(devices)}", devices=devices)
    yield _play(config)


def _play(config: Config) -> Finding:
    audio = config.audio
    device = audio.device or "default"
    sink = PortAudioSink(audio.device, sample_rate=audio.sample_rate_hz, buffer_s=audio.buffer_s)
    start = time.perf_counter()
    try:
        sink.open()
        sink.write(np.zeros(round(_SILENCE_S * sink.sample_rate), dtype=np.float32))
        sink.drain()
    except SinkLost as error:
        fix = "Set audio.device to one of the outputs above; if it is busy, the daemon or another program plays on it now."
        return Finding.fail("audio", str(error), fix, device=device)
    finally:
        sink.close()
    took_s = time.perf_counter() - start
    what = f"{device!r} plays at {sink.sample_rate} Hz ({_SILENCE_S:g} s of silence took {took_s:.2f} s)"
    return Finding.ok("audio", what, device=device, sample_rate_hz=sink.sample_rate, took_s=round(took_s, 3))
