"""PortAudio's devices: the library that knows them, which there are, and which one a name means.

New ones are seen only after PortAudio was initialised again (:func:`rescan`).
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from edge_agent.playback import jack
from edge_agent.playback.errors import PortAudioMissing, SinkLost

_CARDS = Path("/proc/asound")
_CARD_ID = re.compile(r"(?:plug)?hw:(?:CARD=)?(?P<card>\w+)(?:,(?:DEV=)?(?P<device>\d+))?")


def load() -> ModuleType:
    """PortAudio's binding.

    Raises:
        PortAudioMissing: the library is not installed.
        SinkLost: it does not start.
    """
    # PortAudio also connects to JACK, may start a server for it, and aborts the process when that server dies.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    os.environ.setdefault("JACK_DEFAULT_SERVER", "not-used")
    try:
        with jack.cleared_away():
            import sounddevice
    except OSError as error:
        raise PortAudioMissing("PortAudio is not installed: install the Debian package libportaudio2") from error
    except Exception as error:  # importing it starts PortAudio, and while that fails its class of errors has no name
        raise SinkLost(_not_started(error)) from error
    return sounddevice


def output_devices() -> list[str]:
    """Names that can be given as ``device``.

    Raises:
        PortAudioMissing: the library is not installed.
    """
    return [device["name"] for device in _outputs(load())]


def rescan() -> None:
    """Look for devices anew; invalidates every open stream of the process.

    Raises:
        SinkLost: PortAudio does not start, or is missing.
    """
    sounddevice = load()
    with contextlib.suppress(sounddevice.PortAudioError):  # it does not run, if it did not start the last time
        sounddevice._terminate()  # noqa: SLF001 - there is no public way to see new devices
    try:
        with jack.cleared_away():
            sounddevice._initialize()  # noqa: SLF001
    except sounddevice.PortAudioError as error:
        raise SinkLost(_not_started(error)) from error


def find(sounddevice: ModuleType, name: str | None) -> dict[str, Any]:
    """The device that ``name`` means, see :class:`~edge_agent.playback.portaudio.PortAudioSink`, as ``query_devices`` describes it.

    Raises:
        SinkLost: there is none, or more than one, or PortAudio cannot tell.
    """
    try:
        outputs = _outputs(sounddevice)
        wanted = "default" if name is None else _by_number(name)
    except (sounddevice.PortAudioError, OSError) as error:
        raise SinkLost(f"audio devices cannot be listed: {error}") from error
    for matches in (
        [device for device in outputs if device["name"] == wanted],
        [device for device in outputs if wanted.lower() in device["name"].lower()],
        outputs[:1] if name is None else [],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(repr(device["name"]) for device in matches)
            raise SinkLost(f"audio device {name!r} is ambiguous: {names}")
    names = ", ".join(repr(device["name"]) for device in outputs) or "none"
    raise SinkLost(f"audio device {name or wanted!r} not found; present: {names}")


def _outputs(sounddevice: ModuleType) -> list[dict[str, Any]]:
    apis = sounddevice.query_hostapis()
    found = [device for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
    alsa = [device for device in found if apis[device["hostapi"]]["name"] == "ALSA"]
    return alsa or found


def _by_number(name: str) -> str:
    """PortAudio knows cards by number only: ``hw:CARD=Device,DEV=0`` becomes the ``(hw:1,0)`` it shows."""
    by_id = _CARD_ID.fullmatch(name)
    if by_id is None:
        return name
    link = _CARDS / by_id["card"]
    number = link.readlink().name.removeprefix("card") if link.is_symlink() else by_id["card"]
    return f"(hw:{number},{by_id['device'] or 0})"


def _not_started(error: Exception) -> str:
    return f"PortAudio does not start: {error}; look for faults in ALSA's configuration"
