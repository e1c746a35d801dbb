from __future__ import annotations

import numpy as np
import pytest

from edge_agent.ingress import Ping, Prewarm, Voice, Volume
from edge_agent.synthesis import SynthesisError
from tests.core.world import World
from tests.doubles.fake_engine import write_voice
from tests.rigs.mqtt_peer import eventually

ONE, TWO = "请到一号窗口。", "请到二号窗口。"


def test_volume_is_heard_and_outlives_a_restart(world: World) -> None:
    world.command(Volume(0.5))
    world.run(0.1)
    assert world.answers == [{"ok": True, "volume": 0.5}]
    world.say(ONE, id="a")
    world.run(2)
    assert np.abs(world.heard()).max() == pytest.approx(0.05, rel=0.05)
    world.reboot()
    assert world.settings.volume == 0.5


def test_prewarmed_phrases_are_pinned_and_play_from_the_cache(world: World) -> None:
    world.command(Prewarm((ONE, TWO), pin=True))
    world.run(0.1)
    assert world.answers == [{"ok": True, "texts": 2, "segments_made": 2, "texts_failed": 0}]
    assert [entry.pinned for entry in world.cache.entries()] == [True, True]
    world.say(ONE, id="a")
    world.run(2)
    assert world.end("a").detail["cache_hit"] is True


def test_prewarming_again_makes_nothing(world: World) -> None:
    for _ in range(2):
        world.command(Prewarm((ONE,)))
        world.run(0.1)
    assert [answer["segments_made"] for answer in world.answers] == [1, 0]


def test_prewarm_names_the_texts_that_failed_and_makes_the_others(world: World) -> None:
    world.command(Prewarm(("。。。", ONE, "<speak><x/></speak>")))
    world.run(0.1)
    answer = world.answers[0]
    assert (answer["ok"], answer["texts_failed"], answer["segments_made"]) == (False, 2, 1)
    assert "'。。。': no word to speak" in answer["reason"]


def test_prewarm_is_answered_whatever_happens_to_a_text(world: World, monkeypatch, caplog) -> None:
    script = world.speaker.script
    monkeypatch.setattr(world.speaker, "script", lambda text, *a: script(text, *a) if text == ONE else 1 / 0)
    world.command(Prewarm((TWO, ONE)))
    world.run(0.1)
    answer = world.answers[0]
    assert (answer["ok"], answer["texts_failed"], answer["segments_made"]) == (False, 1, 1)
    assert "ZeroDivisionError" in caplog.text


def test_prewarm_without_a_model_says_so(world: World) -> None:
    world.loader.broken = SynthesisError("decoder.onnx is missing")
    world.command(Prewarm((ONE,)))
    world.run(0.1)
    assert world.answers[0]["ok"] is False
    assert "decoder.onnx is missing" in world.answers[0]["reason"]


def test_what_is_to_be_said_goes_before_what_is_to_be_warmed(world: World) -> None:
    world.command(Prewarm((ONE * 3, TWO * 3)))
    world.say(TWO, id="a")
    world.loop.run_due()
    world.worker.step()
    assert not world.answers
    assert world.loader.loaded[0].n_segments == 1
    world.run(2)
    assert world.end("a").kind == "played"
    assert world.answers[0]["ok"] is True


def test_another_voice_is_loaded_speaks_and_is_remembered(world: World) -> None:
    write_voice(world.folder / "voices" / "alto", "alto")
    world.catalog.adopt(world.catalog.look())
    world.command(Voice("alto"))
    world.run(0.1)
    assert world.answers == [{"ok": True, "voice": "alto"}]
    eventually(lambda: any(engine.voice_id == "alto" for engine in world.loader.loaded))
    world.say(ONE, id="a")
    world.run(2)
    assert world.end("a").detail["voice"] == "alto"
    world.reboot()
    world.say(ONE, id="b")
    world.run(2)
    assert world.end("b").detail["voice"] == "alto"


def test_a_voice_that_is_not_there_is_refused_and_the_old_one_stays(world: World) -> None:
    world.command(Voice("nobody"))
    world.run(0.1)
    assert world.answers[0]["ok"] is False
    assert "hum" in world.answers[0]["reason"]
    world.say(ONE, id="a")
    world.run(2)
    assert world.end("a").detail["voice"] == "hum"


def test_ping_answers_with_the_state(world: World) -> None:
    world.command(Ping())
    world.run(0.1)
    assert world.answers == [{"ok": True, "queue_length": 0}]


def test_a_command_that_meets_a_defect_is_answered(world: World, monkeypatch, caplog) -> None:
    monkeypatch.setattr(world.player, "set_volume", lambda _volume: 1 / 0)
    world.command(Volume(0.5))
    world.run(0.1)
    assert world.answers == [{"ok": False, "reason": "internal error; the daemon's log has more"}]
    assert "name=volume" in caplog.text
