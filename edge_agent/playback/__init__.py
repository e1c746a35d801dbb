"""From PCM to the loudspeaker: a player that can be cut, a device that can go away, one loudness for everything."""

from edge_agent.playback.errors import BadAudio, PlaybackError, PortAudioMissing, SinkLost
from edge_agent.playback.events import (
    Cut,
    DeviceBack,
    DeviceLost,
    Drained,
    Failed,
    NearEnd,
    PlayerEvent,
    Reached,
    Started,
    Underrun,
)
from edge_agent.playback.outputs import output_devices
from edge_agent.playback.player import Player
from edge_agent.playback.portaudio import PortAudioSink
from edge_agent.playback.sink import Sink
from edge_agent.playback.utterance import Utterance

__all__ = [
    "BadAudio",
    "Cut",
    "DeviceBack",
    "DeviceLost",
    "Drained",
    "Failed",
    "NearEnd",
    "PlaybackError",
    "Player",
    "PlayerEvent",
    "PortAudioMissing",
    "PortAudioSink",
    "Reached",
    "Sink",
    "SinkLost",
    "Started",
    "Underrun",
    "Utterance",
    "output_devices",
]
