"""What can go wrong between PCM and the loudspeaker."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class PlaybackError(EdgeAgentError):
    """Base of this layer's errors."""


class BadAudio(PlaybackError):
    """PCM that must not reach a loudspeaker: wrong type or shape, NaN or infinity, or none at all."""


class SinkLost(PlaybackError):
    """The device cannot be opened, or stopped taking audio; opening it again later may succeed."""


class PortAudioMissing(SinkLost):
    """The PortAudio library is not installed; playback starts by itself once it is."""
