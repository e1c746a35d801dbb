from __future__ import annotations

import numpy as np
import pytest

from edge_agent.errors import EdgeAgentError
from edge_agent.playback import chimes
from edge_agent.playback.loudness import TARGET_LUFS, integrated_lufs
from edge_agent.speech import Repertoires, Speaker
from edge_agent.speech.repertoire import Repertoire
from edge_agent.speech.script import Sound
from edge_agent.synthesis import SynthesisError
from edge_agent.templates import Templates
from edge_agent.voices import VoiceInfo
from edge_agent.voices.pack import Extras, Recording

NONE = Templates.parse(())
RATE = 24_000
SSML = "<speak>请注意<audio src='chime:gate'/>请取票</speak>"


def voice(seq: int | None = 7) -> VoiceInfo:
    return VoiceInfo("anna", "Anna", "hum", ("zh",), RATE, -16.0, "d" * 64, f"/voices/anna/{seq}", seq)


def tone(seconds: float = 1.0, *, rate: int = 44_100, n_channels: int = 1, level: float = 0.03) -> Recording:
    t = np.arange(round(seconds * rate)) / rate
    samples = np.repeat(np.round(32767 * level * np.sin(2 * np.pi * 440 * t)).astype("<i2"), n_channels)
    return Recording(samples.tobytes(), n_channels, rate)


@pytest.mark.parametrize(("rate", "n_channels"), [(8_000, 1), (RATE, 1), (44_100, 2), (48_000, 1)])
def test_a_chime_comes_to_the_voices_rate_and_the_loudness_of_all(rate: int, n_channels: int) -> None:
    repertoire = Repertoire(NONE, Extras(chimes={"gate": tone(rate=rate, n_channels=n_channels)}), RATE)
    sound, *_ = repertoire.script("请取票", "auto", "gate").items
    assert isinstance(sound, Sound)
    assert (sound.pcm.dtype, len(sound.pcm)) == (np.float32, pytest.approx(RATE, abs=2))
    assert integrated_lufs(sound.pcm, RATE) == pytest.approx(TARGET_LUFS, abs=0.2)
    spectrum = np.abs(np.fft.rfft(sound.pcm[: RATE // 2]))
    assert 2 * np.argmax(spectrum) == pytest.approx(440, abs=2)


def test_both_channels_are_heard() -> None:
    left = np.zeros((RATE, 2), "<i2")
    left[:, 0] = 8000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    repertoire = Repertoire(NONE, Extras(chimes={"gate": Recording(left.tobytes(), 2, RATE)}), RATE)
    assert integrated_lufs(repertoire.script("a", "en", "gate").items[0].pcm, RATE) == pytest.approx(TARGET_LUFS, abs=0.2)


def test_ssml_has_them_too_and_a_name_nobody_has_is_refused_with_those_there_are() -> None:
    repertoire = Repertoire(NONE, Extras(chimes={"gate": tone()}), RATE)
    assert [item.name for item in repertoire.script(SSML, "auto").items if isinstance(item, Sound)] == ["gate"]
    with pytest.raises(SynthesisError, match=r"no chime 'gate'; there are alarm, .*dingdong"):
        Repertoire(NONE).script(SSML, "auto")


def test_the_fixed_parts_of_templates_are_phrases() -> None:
    extras = Extras(("请注意", "请"), ("请{ticket:code}号到{window:number}号窗口",))
    assert Repertoire(NONE, extras, RATE).phrases == ("请注意", "请", "号到", "号窗口")


def test_texts_that_come_again_are_not_planned_again() -> None:
    repertoire = Repertoire(NONE)
    assert repertoire.script("请取票", "auto") is repertoire.script("请取票", "auto")


def test_templates_of_the_device_change_and_those_of_packs_stay() -> None:
    repertoires = Repertoires(NONE, lambda _voice: Extras((), ("{who:name}请取票",), {"gate": tone()}))
    assert [item.text for item in repertoires.of(voice()).script("张三请取票", "auto").speech] == ["张三", "请取票"]
    repertoires.use(Templates.parse(("张三{what}",)))
    assert [item.text for item in repertoires.of(voice()).script("张三请取票", "auto").speech] == ["张三", "请取票"]
    assert len(repertoires.of(voice()).script("李四请取票", "auto").speech) == 2
    assert len(repertoires.of(None).script("李四请取票", "auto").speech) == 1
    assert "gate" in repertoires.of(voice()).chimes


def test_each_pack_is_read_once_until_it_is_forgotten() -> None:
    read = []

    def extras(asked: VoiceInfo) -> Extras:
        read.append(asked.seq)
        return Extras()

    repertoires = Repertoires(NONE, extras)
    repertoires.prepare([voice(7), voice(8), voice(None)])
    for seq in (7, 8, None):
        repertoires.of(voice(seq))
    assert read == [7, 8]
    repertoires.keep([voice(8)])
    repertoires.of(voice(7))
    repertoires.of(voice(8))
    assert read == [7, 8, 7]


@pytest.mark.parametrize("error", [EdgeAgentError("damaged"), OSError("no memory left")])
def test_what_cannot_be_read_leaves_the_devices_own_and_is_read_once_it_can_be(error: Exception) -> None:
    broken = [True, True]

    def extras(_voice: VoiceInfo) -> Extras:
        if broken and broken.pop():
            raise error
        return Extras(chimes={"gate": tone()})

    repertoires = Repertoires(NONE, extras)
    assert repertoires.of(voice()).chimes == tuple(chimes.names())
    assert repertoires.of(voice()).chimes == tuple(chimes.names()), "not tried again for each request"
    repertoires.prepare([voice()])
    assert len(broken) == 0
    repertoires.prepare([voice()])
    assert "gate" in repertoires.of(voice()).chimes


def test_a_speaker_plays_what_a_pack_brought_to_its_end() -> None:
    speaker = Speaker(None, None, NONE, -20.0, lambda _voice: Extras(chimes={"gate": tone()}))
    script = speaker.script(SSML, "auto", voice())
    speaker.repertoires.keep([])
    (gate,) = (item for item in script.items if isinstance(item, Sound))
    (piece,) = speaker._sound(gate, 1, voice(), 1.0)
    assert (piece.cached, piece.segment, len(piece.pcm)) == (None, 1, len(gate.pcm))
    assert integrated_lufs(piece.pcm * np.float32(piece.gain), RATE) == pytest.approx(-20.0, abs=0.2)
