from __future__ import annotations

from tests.rigs.alsa import alsa_file_pcm  # noqa: F401 (fixtures)
from tests.rigs.mosquitto import certificates, mosquitto  # noqa: F401
from tests.rigs.zmq_peer import station  # noqa: F401
