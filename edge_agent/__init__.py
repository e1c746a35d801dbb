"""An announcement daemon for small computers: text in by MQTT or ZeroMQ, Mandarin and English speech out by ALSA."""

__version__ = "0.1.0"
