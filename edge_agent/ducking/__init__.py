"""Other programs' sound, lowered while speech plays: through PulseAudio or PipeWire, or by an ALSA softvol control."""

from edge_agent.ducking.ducker import Ducker
from edge_agent.ducking.mixer import Mixer, MixerError
from edge_agent.ducking.pulse import PulseMixer
from edge_agent.ducking.softvol import SoftvolMixer

__all__ = ["Ducker", "Mixer", "MixerError", "PulseMixer", "SoftvolMixer"]
