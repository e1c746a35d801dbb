from __future__ import annotations

import dataclasses
import itertools
import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from distill.teachers import TeacherError
from distill.teachers.gptsovits_api import ApiSettings, GptSovitsApi, ServerLost
from tests.distill.gptsovits_server import Server, hum, refusal, serving, wav
from tests.distill.sounds import RATE, sentence
from tests.rigs.mqtt_peer import eventually

TEXT = "你好，请注意。"
SETTINGS = ApiSettings(
    model="my voice v2", licence="own recording", reference_audio="/srv/reference.wav", reference_text="今天天气很好。",
    seed=40, timeout_s=60.0, patience_s=3.0,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


def _teacher(server: Server, pauses: list[float], *, error_rate=None, **changes) -> GptSovitsApi:
    settings = dataclasses.replace(SETTINGS, url=server.url, **changes)
    return GptSovitsApi(settings, error_rate=error_rate, sleep=pauses.append, clock=lambda: sum(pauses))


def _phonemes() -> str:
    from edge_agent.text import phonemes

    return phonemes(TEXT)


def test_a_sentence_becomes_audio_pitch_and_energy_on_the_grid(server, pauses):
    said = _teacher(server, pauses).speak(_phonemes(), TEXT)
    frames = len(said.audio) // 300
    assert said.units is None and said.frames is None
    assert len(said.audio) == frames * 300 and said.f0_hz.shape == said.energy.shape == (frames,)
    assert 0.3 < (said.f0_hz > 40).mean() < 1 and said.energy[said.f0_hz > 40].mean() > said.energy[said.f0_hz == 0].mean() + 2
    (asked,) = server.asked
    assert asked["path"] == "/tts" and asked["text"] == TEXT and asked["text_lang"] == "zh" and asked["media_type"] == "wav"
    assert asked["ref_audio_path"] == "/srv/reference.wav" and asked["prompt_text"] == "今天天气很好。" and asked["prompt_lang"] == "zh"
    assert asked["seed"] == 40 and asked["streaming_mode"] is False


def test_it_is_the_same_for_a_seed(server, pauses):
    first, again = (_teacher(server, pauses).speak(_phonemes(), TEXT) for _ in range(2))
    other = _teacher(server, pauses, seed=77).speak(_phonemes(), TEXT)
    assert np.array_equal(first.audio, again.audio) and not np.array_equal(first.audio, other.audio)


@pytest.mark.parametrize(("text", "lang"), [("Gate four.", "en"), ("请到gate四。", "zh")])
def test_the_server_is_told_the_language(server, pauses, text, lang):
    _teacher(server, pauses).speak("ɡˈAt fˈɔɹ.", text)
    assert server.asked[0]["text_lang"] == lang


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_any_rate_becomes_24_khz_with_the_pitch_it_had(server, pauses, rate):
    time = np.arange(2 * rate) / rate
    wave = sum(np.sin(2 * np.pi * 200 * k * time) / k for k in range(1, 20)) * 0.1
    server.reply = lambda _: wav(wave, rate)
    said = _teacher(server, pauses).speak(_phonemes(), TEXT)
    assert len(said.audio) == 2 * RATE and np.median(said.f0_hz) == pytest.approx(200, abs=1)


def test_two_channels_are_averaged(server, pauses):
    one = sentence(1.5)
    server.reply = lambda _: wav(np.stack([one, -0.5 * one], -1), RATE)
    said = _teacher(server, pauses).speak(_phonemes(), TEXT)
    assert np.allclose(said.audio, 0.25 * one[: len(said.audio)], atol=1e-4)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda _: wav(np.zeros(48_000)), "silence"),
        (lambda _: wav(sentence(0.1)), r"0.07 s for \d+ sounds, expected"),
        (lambda _: wav(np.tile(sentence(4.0), 4)), r"12.00 s for \d+ sounds, expected"),
    ],
)
def test_a_bad_take_is_taken_again_with_another_seed(server, pauses, bad, message):
    server.reply = lambda asked: bad(asked) if asked["seed"] < 42 else hum(asked)
    assert len(_teacher(server, pauses).speak(_phonemes(), TEXT).audio)
    assert [asked["seed"] for asked in server.asked] == [40, 41, 42]
    server.reply = bad
    with pytest.raises(TeacherError, match=f"none of 3 takes is usable: .*{message}"):
        _teacher(server, pauses).speak(_phonemes(), TEXT)


def test_a_misheard_take_is_refused(server, pauses):
    answers = iter([0.5, 0.1])
    teacher = _teacher(server, pauses, error_rate=lambda wave, text: next(answers))
    teacher.speak(_phonemes(), TEXT)
    assert len(server.asked) == 2
    with pytest.raises(TeacherError, match="misheard by 90%"):
        _teacher(server, pauses, error_rate=lambda wave, text: 0.9).speak(_phonemes(), TEXT)


def test_a_refusal_is_told_and_not_repeated(server, pauses):
    server.reply = lambda _: refusal("reference audio is outside the 3-10 second range")
    with pytest.raises(TeacherError, match=r"refused '你好，请注意。' with HTTP 400: .*3-10 second range"):
        _teacher(server, pauses).speak(_phonemes(), TEXT)
    assert len(server.asked) == 1 and pauses == []


def test_a_busy_server_is_asked_again(server, pauses):
    left = [refusal("busy", 503), refusal("busy", 429)]
    server.reply = lambda asked: left.pop() if left else hum(asked)
    assert len(_teacher(server, pauses).speak(_phonemes(), TEXT).audio)
    assert len(server.asked) == 3 and pauses == [0.5, 1.0] and {asked["seed"] for asked in server.asked} == {40}


def test_an_answer_that_is_cut_off_is_asked_for_again(server, pauses):
    left = [hum]
    server.reply = lambda asked: (200, "audio/wav; cut", left.pop()(asked)[2]) if left else hum(asked)
    assert len(_teacher(server, pauses).speak(_phonemes(), TEXT).audio)
    assert len(server.asked) == 2


def test_a_server_that_stays_away_is_lost_not_the_sentence_refused(pauses):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        teacher = GptSovitsApi(dataclasses.replace(SETTINGS, url=url), sleep=pauses.append, clock=lambda: sum(pauses))
        with pytest.raises(ServerLost, match="gave no answer for 4 s") as caught:
            teacher.speak(_phonemes(), TEXT)
    assert not isinstance(caught.value, TeacherError) and pauses == [0.5, 1.0, 2.0]


def test_a_server_that_hangs_is_given_up(server, pauses):
    released = threading.Event()

    def hang(asked):
        released.wait(60)
        return hum(asked)

    server.reply = hang
    try:
        with pytest.raises(ServerLost, match="timed out"):
            _teacher(server, pauses, timeout_s=0.1, patience_s=0.4).speak(_phonemes(), TEXT)
        eventually(lambda: len(server.asked) == 2)
    finally:
        released.set()


def test_time_that_an_attempt_hangs_is_waited_too(pauses):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url, clock = f"http://127.0.0.1:{unused.getsockname()[1]}", itertools.count(0, 2)
        teacher = GptSovitsApi(dataclasses.replace(SETTINGS, url=url), sleep=pauses.append, clock=lambda: float(next(clock)))
        with pytest.raises(ServerLost, match="gave no answer for 4 s"):
            teacher.speak(_phonemes(), TEXT)
    assert pauses == [0.5]


def test_a_refusal_that_stops_in_its_middle_is_asked_for_again(server, pauses):
    left = [(500, "text/plain; stalls", b"out of")]
    server.reply = lambda asked: left.pop() if left else hum(asked)
    assert len(_teacher(server, pauses, timeout_s=0.5).speak(_phonemes(), TEXT).audio)
    assert len(server.asked) == 2 and pauses == [0.5]


def test_a_rate_of_one_sample_a_second_is_refused_before_it_is_resampled(server, pauses):
    server.reply = lambda _: wav(np.zeros(4_000_000), 1)
    with pytest.raises(TeacherError, match=r"4000000\.00 s for"):
        _teacher(server, pauses, takes=1).speak(_phonemes(), TEXT)


@pytest.mark.parametrize("url", ["http://[::1", "http://here:99999", "http://here:port", "http://:9880"])
def test_an_address_that_is_none_is_told_not_waited_for(url):
    assert dataclasses.replace(SETTINGS, url=url).faults() == [f"url = {url!r} is not an http address"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"RIFF\xff\xff\xff\xffWAVEfmt ", wav(sentence(1.0))[2][:30]])
def test_what_is_no_wav_file_is_refused(server, pauses, body):
    server.reply = lambda _: (200, "audio/wav", body)
    with pytest.raises(TeacherError, match=r"no WAV file|0.00 s for"):
        _teacher(server, pauses).speak(_phonemes(), TEXT)


def test_it_follows_nobody_elsewhere(server, pauses):
    server.reply = lambda _: (307, "text/plain", b"go there")
    with pytest.raises(TeacherError, match="HTTP 307: go there"):
        _teacher(server, pauses).speak(_phonemes(), TEXT)


def test_an_endless_answer_is_not_swallowed(server, pauses, monkeypatch):
    monkeypatch.setattr("distill.teachers.gptsovits_api.MAX_REPLY_BYTES", 1 << 20)
    server.reply = lambda _: (200, "audio/wav", bytes(2 << 20))
    with pytest.raises(TeacherError, match="more than 1 MiB"):
        _teacher(server, pauses).speak(_phonemes(), TEXT)


def test_a_proxy_from_the_environment_is_not_used(server, pauses, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert len(_teacher(server, pauses).speak(_phonemes(), TEXT).audio)


def test_without_text_there_is_nothing_to_ask_for(server, pauses):
    with pytest.raises(TeacherError, match="reads text"):
        _teacher(server, pauses).speak(_phonemes())
    assert server.asked == []


def test_all_faults_of_the_settings_are_told_at_once():
    faults = ApiSettings(url="ftp://x", reference_lang="fr", takes=0, timeout_s=0.0, patience_s=float("nan")).faults()
    assert [fault.split(" ")[0] for fault in faults] == [
        "model", "licence", "reference_audio", "reference_text", "reference_lang", "url", "takes", "timeout_s", "patience_s",
    ]
    assert SETTINGS.faults() == []


def test_it_describes_itself_for_the_voice_card(server, pauses):
    assert _teacher(server, pauses).describe() == {
        "name": "GPT-SoVITS over HTTP, my voice v2",
        "reference": "/srv/reference.wav: 今天天气很好。",
        "seed": "40",
        "licence": "own recording",
    }
