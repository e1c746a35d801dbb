"""``make demo``: the whole way from an MQTT publisher to ALSA, on this machine alone."""
