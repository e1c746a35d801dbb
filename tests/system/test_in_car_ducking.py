"""Music on the same sound server, while the daemon speaks, and after it was killed while it spoke."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.client import SpeechClient
from tests.rigs.daemon import Daemon
from tests.rigs.sound_server import SoundServer, _sound_server, sound_server, until  # noqa: F401 (fixtures)

LONG = "前方道路施工，请减速慢行，注意安全，保持车距，准备靠右行驶。"
A_BIT = 0.001
PATIENCE_S = 120.0


@pytest.fixture
def car(tmp_path: Path, sound_server: SoundServer) -> Iterator[Daemon]:  # noqa: F811 (the fixture)
    settings = {
        "mqtt": {"enabled": False},
        "audio": {"device": "edge_duck"},
        "ducking": {"backend": "pulse", "level": 0.25, "hold_ms": 100, "pulse_server": sound_server.address},
    }
    daemon = Daemon(tmp_path / "car", 1, settings, {"ALSA_CONFIG_PATH": str(sound_server.alsa_config)}).start()
    yield daemon
    daemon.close()


def test_music_is_lowered_while_speech_lasts_and_never_for_good(car: Daemon, sound_server: SoundServer) -> None:  # noqa: F811
    sound_server.play("radio")
    sound_server.set_volume("radio", 0.8)
    with SpeechClient(car.folder / "run", timeout_s=PATIENCE_S) as speech:
        for _ in range(2):
            handle = speech.say(LONG)
            until(lambda: sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT))
            handle.cancel()
            until(lambda: sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT))
        speech.say(LONG, id="cut", on_interrupt="drop")
        until(lambda: sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT))
        car.kill()
        assert sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT)
        car.start()
        until(lambda: sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT))
        speech.say(LONG)
        until(lambda: sound_server.volume("radio") == pytest.approx(0.2, abs=A_BIT))
    assert car.stop() == 0
    assert sound_server.volume("radio") == pytest.approx(0.8, abs=A_BIT)
