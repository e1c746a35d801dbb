from __future__ import annotations

from tests.rigs.alsa import alsa_file_pcm, null_sink, null_sink_daemon  # noqa: F401 (fixtures)
