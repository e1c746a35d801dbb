"""An announcement daemon for small computers: text in by MQTT or ZeroMQ, Mandarin and English speech out by ALSA."""

import os

# Read by ONNX Runtime when it is imported: from 1.31 on it would keep a device id and report to its makers what is loaded and when.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
