from __future__ import annotations

from tests.rigs.sound_server import _sound_server, sound_server  # noqa: F401 (fixtures)
