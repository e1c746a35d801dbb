from __future__ import annotations

import numpy as np
import pytest

from distill.enrol import Verdict, check
from tests.distill import enrol_sounds as sounds
from tests.distill.enrol_sounds import RATE, ByPitch, speech, write


def measured(tmp_path, spoken, rate=RATE, **options):
    wave = spoken if isinstance(spoken, np.ndarray) else spoken.wave
    quality = check([write(tmp_path / "voice.wav", wave, rate, **options)], voice=None)
    return {measure.name: measure for _, measure in quality.worst()}


def test_clean_speech_has_no_fault_but_its_shortness(tmp_path):
    measures = measured(tmp_path, speech(18))

    assert {name: measure.verdict.word for name, measure in measures.items() if measure.verdict} == {"speech": "warn"}


def test_the_duration_of_speech_is_that_of_its_syllables(tmp_path):
    spoken = speech()
    measures = measured(tmp_path, spoken)

    assert measures["speech"].value == pytest.approx(spoken.talking.sum() / RATE, rel=0.06)
    assert measures["silence"].value == pytest.approx(100 * (1 - spoken.talking.mean()), abs=4)


def test_pauses_that_fill_the_recording_are_too_many(tmp_path):
    assert measured(tmp_path, speech(5, pause_s=3.0))["silence"].verdict is Verdict.WARN


@pytest.mark.parametrize(("snr_db", "verdict"), [(50, "ok"), (40, "ok"), (30, "warn"), (20.5, "warn"), (15, "fail"), (8, "fail")])
def test_speech_over_noise(tmp_path, snr_db, verdict):
    measure = measured(tmp_path, sounds.noisy(speech(noise_db=-120), snr_db))["snr"]

    assert measure.value == pytest.approx(snr_db, abs=1.5)
    assert measure.verdict.word == verdict


def test_a_noise_gate_is_no_silent_room(tmp_path):
    spoken = speech(noise_db=-200)
    measure = measured(tmp_path, spoken.with_wave(np.where(spoken.talking, spoken.wave, 0)))["snr"]

    assert (measure.value, measure.verdict) == (None, Verdict.WARN)
    assert "gate" in measure.advice


@pytest.mark.parametrize("gain", [1.0, 0.3])
@pytest.mark.parametrize(("share", "verdict"), [(0.01, "fail"), (0.002, "fail"), (0.0003, "warn")])
def test_clipping_is_found_even_when_turned_down(tmp_path, share, verdict, gain):
    measure = measured(tmp_path, sounds.clipped(speech(), share, gain), subtype="PCM_16")["clipping"]

    assert measure.value == pytest.approx(100 * share, rel=0.15)
    assert measure.verdict.word == verdict
    assert measure.detail["runs"] > 0


def test_loud_unclipped_speech_is_not_clipped(tmp_path):
    spoken = speech()

    assert measured(tmp_path, spoken.wave / np.abs(spoken.wave).max() * 0.99)["clipping"].value == 0


@pytest.mark.parametrize(
    ("rate", "top_hz", "verdict"), [(8_000, 4_000, "fail"), (16_000, 8_000, "warn"), (24_000, 12_000, "warn"), (32_000, 16_000, "warn")]
)
def test_an_up_sampled_recording_is_found(tmp_path, rate, top_hz, verdict):
    measure = measured(tmp_path, sounds.up_sampled(speech(), rate))["bandwidth"]

    assert measure.value == pytest.approx(top_hz, abs=400)
    assert measure.verdict.word == verdict
    assert measure.detail["cut"]


def test_noise_added_after_the_telephone_does_not_hide_it(tmp_path):
    measure = measured(tmp_path, sounds.noisy(sounds.up_sampled(speech(), 8_000), 45))["bandwidth"]

    assert measure.value == pytest.approx(4_000, abs=400)
    assert measure.verdict is Verdict.FAIL


def test_an_mp3_made_into_a_wav_is_found(tmp_path):
    import soundfile

    sounds.write(tmp_path / "coded.mp3", speech().wave, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.9)
    decoded, rate = soundfile.read(tmp_path / "coded.mp3", dtype="float32")
    measure = measured(tmp_path, decoded, rate)["bandwidth"]

    assert measure.detail["cut"]
    assert measure.verdict is not Verdict.OK


def test_full_band_speech_is_not_cut(tmp_path):
    measure = measured(tmp_path, speech())["bandwidth"]

    assert measure.value >= 20_000
    assert not measure.detail["cut"]


@pytest.mark.parametrize("codec", [{"format": "OGG", "subtype": "VORBIS"}, {"format": "MP3", "subtype": "MPEG_LAYER_III"}])
def test_a_lossy_file_is_told(tmp_path, codec):
    assert measured(tmp_path, speech(), **codec)["coding"].verdict is Verdict.WARN


def test_eight_bits_are_told(tmp_path):
    assert measured(tmp_path, speech(), subtype="PCM_U8")["coding"].verdict is Verdict.WARN


@pytest.mark.parametrize(("mains_hz", "nominal"), [(50.0, 50), (60.0, 60), (49.9, 50)])
@pytest.mark.parametrize(("below_db", "verdict"), [(30, "fail"), (45, "warn"), (56, "ok")])
def test_hum(tmp_path, mains_hz, nominal, below_db, verdict):
    measure = measured(tmp_path, sounds.humming(speech(), mains_hz, below_db, 4))["hum"]

    assert measure.value == pytest.approx(-below_db, abs=2.5)
    assert measure.verdict.word == verdict
    assert measure.detail["lines_hz"][0] == nominal


def test_a_low_voice_does_not_hum(tmp_path):
    assert measured(tmp_path, speech(base_hz=100))["hum"].detail["lines_hz"] == []


@pytest.mark.parametrize("base_hz", [100, 220])
def test_speaking_rate(tmp_path, base_hz):
    spoken = speech(base_hz=base_hz)
    measure = measured(tmp_path, spoken)["rate"]

    assert measure.value == pytest.approx(spoken.n_syllables / (spoken.talking.sum() / RATE), rel=0.1)
    assert measure.verdict is Verdict.OK


def test_speech_played_twice_as_fast_is_too_fast(tmp_path):
    measure = measured(tmp_path, speech().wave[::2])["rate"]

    assert measure.value == pytest.approx(2 / sum(sounds.SYLLABLE_S), rel=0.15)
    assert measure.verdict is not Verdict.OK


@pytest.mark.parametrize("direct_db", [0, 6])
@pytest.mark.parametrize(("rt60_s", "verdict"), [(0.3, "ok"), (0.6, "warn"), (1.1, "fail")])
def test_reverberation(tmp_path, rt60_s, direct_db, verdict):
    measure = measured(tmp_path, sounds.reverberant(speech(12, pause_s=0.9), rt60_s, direct_db))["reverberation"]

    assert measure.value == pytest.approx(rt60_s, rel=0.25)
    assert measure.detail["low_s"] <= rt60_s <= measure.detail["high_s"]
    assert measure.verdict.word == verdict


def test_a_dead_room_is_said_to_be_no_more_than_the_voice(tmp_path):
    measure = measured(tmp_path, speech())["reverberation"]

    assert measure.value < 0.25
    assert "cannot be told" in measure.note


@pytest.mark.parametrize(("gain_db", "verdict"), [(0, "ok"), (-20, "warn"), (-35, "fail"), (12, "warn")])
def test_level(tmp_path, gain_db, verdict):
    spoken = speech()
    measure = measured(tmp_path, np.clip(spoken.wave * 10 ** (gain_db / 20), -1, 1))["level"]

    assert measure.value == pytest.approx(spoken.level_db + gain_db, abs=1.5)
    assert measure.verdict.word == verdict


@pytest.mark.parametrize(("dc", "verdict"), [(0.0, "ok"), (-0.03, "warn"), (0.2, "fail")])
def test_dc_offset(tmp_path, dc, verdict):
    measure = measured(tmp_path, speech().wave + np.float32(dc))["dc"]

    assert measure.value == pytest.approx(100 * abs(dc), abs=0.05)
    assert measure.verdict.word == verdict


def test_gaps_torn_into_speech(tmp_path):
    wave = speech(10).wave.copy()
    loud = np.flatnonzero(np.abs(wave) > 0.1)
    places = loud[np.linspace(0, len(loud) - 1, 7).astype(int)[1:-1]]
    for place in places:
        wave[place + 1 : place + 1 + RATE // 100] = 0
    measure = measured(tmp_path, wave)["dropouts"]

    assert measure.note == "5 in all"
    assert measure.verdict is Verdict.FAIL


def test_a_gap_across_two_blocks_is_one(tmp_path):
    wave = speech(10).wave.copy()
    edge = 10 * RATE
    wave[edge - 300 : edge + 300] = 0
    wave[edge - 301] = 0.2

    assert measured(tmp_path, wave)["dropouts"].note == "1 in all"


@pytest.mark.parametrize(
    ("left", "right", "note", "verdict"),
    [(1, 1, "", "ok"), (1, -1, "reversed polarity", "warn"), (0, 1, "one is silent", "warn"), (0.3, 1, "", "ok")],
)
def test_two_channels(tmp_path, left, right, note, verdict):
    wave = speech().wave
    measures = measured(tmp_path, np.stack([left * wave, right * wave], -1))

    assert (measures["channels"].note, measures["channels"].verdict.word) == (note, verdict)
    assert measures["level"].value == pytest.approx(speech().level_db, abs=1.5)


def test_two_microphones_are_unlike_channels(tmp_path):
    a, b = speech(), speech(seed=1)

    assert measured(tmp_path, np.stack([a.wave, b.wave], -1))["channels"].note == "unlike"


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 96_000])
def test_every_sampling_rate_gives_the_same_speech(tmp_path, rate):
    import soxr

    measures = measured(tmp_path, soxr.resample(speech().wave, RATE, rate), rate)

    assert measures["sample_rate"].verdict.word == ("fail" if rate < 16_000 else "warn" if rate < 24_000 else "ok")
    assert measures["speech"].value == pytest.approx(speech().talking.sum() / RATE, rel=0.08)
    assert measures["level"].value == pytest.approx(speech().level_db, abs=1.5)
    assert not measures["bandwidth"].detail["cut"] or rate == 96_000


@pytest.mark.parametrize("wave", [np.zeros(20 * RATE), 0.1 * np.sin(np.arange(20 * RATE) / 10), np.full(20 * RATE, 0.3)])
def test_what_is_no_speech_fails(tmp_path, wave):
    measures = measured(tmp_path, wave.astype(np.float32))

    assert measures["speech"].verdict is Verdict.FAIL
    assert measures["rate"].verdict is Verdict.FAIL


def test_noise_alone_fails(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(20 * RATE)

    assert check([write(tmp_path / "noise.wav", noise)], voice=None).verdict is Verdict.FAIL


def test_one_speaker(tmp_path):
    quality = check([write(tmp_path / "a.wav", speech(10).wave), write(tmp_path / "b.wav", speech(10, seed=1).wave)], voice=ByPitch())

    assert quality.together[-1].verdict is Verdict.OK
    assert np.linalg.norm(quality.vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("one_file", [True, False])
def test_two_speakers_are_found(tmp_path, one_file):
    first, second = speech(14), speech(7, base_hz=260)
    if one_file:
        paths = [write(tmp_path / "both.wav", sounds.joined(first, second).wave)]
    else:
        paths = [write(tmp_path / "first.wav", first.wave), write(tmp_path / "second.wav", second.wave)]
    quality = check(paths, voice=ByPitch())
    measure = quality.together[-1]

    assert (measure.name, measure.verdict) == ("one_speaker", Verdict.FAIL)
    assert measure.detail["other_windows"] == pytest.approx(measure.detail["windows"] * 7 / 21, abs=1)
    assert quality.vector @ ByPitch().vector(first.wave[::3]) > 0.95


def test_the_worst_recording_speaks_for_all_and_pooled_measures_join(tmp_path):
    good, noisy = write(tmp_path / "good.wav", speech().wave), write(tmp_path / "noisy.wav", sounds.noisy(speech(seed=1), 12).wave)
    quality = check([good, noisy], voice=None)
    worst = {measure.name: (found, measure) for found, measure in quality.worst()}

    assert worst["snr"][0].recording.path == noisy
    assert worst["snr"][1].verdict is quality.verdict is Verdict.FAIL
    assert worst["speech"][1].value == pytest.approx(2 * speech().talking.sum() / RATE, rel=0.08)
