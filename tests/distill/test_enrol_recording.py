from __future__ import annotations

import contextlib
import os
import re
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from distill.enrol import EnrolmentError, RecordingError, check
from distill.enrol.frames import Frames
from distill.enrol.recording import Recording
from tests.distill.enrol_sounds import RATE, speech, write


def problem(path):
    with pytest.raises(RecordingError) as caught:
        check([path], voice=None)
    assert caught.value.path == path
    return caught.value.problem


def wav_header(data_bytes, channels=1, rate=RATE):
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return b"RIFF" + struct.pack("<I", min(36 + data_bytes, 0xFFFFFFFF)) + head + b"data" + struct.pack("<I", data_bytes)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all " * 400, b"\0" * 5000, b"\xff" * 5000, b"%PDF-1.7\n" * 300])
def test_what_is_no_sound_file(tmp_path, content):
    path = tmp_path / "voice.wav"
    path.write_bytes(content)

    assert "no sound file that can be read" in problem(path)


@pytest.mark.parametrize("name", ["voice.raw", "voice", "voice.flac", "voice.mp3"])
def test_the_name_decides_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(b"\1\2" * 3000)

    assert problem(tmp_path / name)


def test_no_samples(tmp_path):
    assert problem(write(tmp_path / "voice.wav", np.zeros(0))) == "holds no samples: record it again"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_numbers(tmp_path, value):
    wave = speech().wave.copy()
    wave[11 * RATE] = value

    assert "first at 11.000 s" in problem(write(tmp_path / "voice.wav", wave, subtype="FLOAT"))


def test_a_hundred_channels(tmp_path):
    assert "has 100 channels" in problem(write(tmp_path / "voice.wav", np.zeros((1000, 100))))


@pytest.mark.parametrize("rate", [1, 4_000, 384_000])
def test_absurd_rates(tmp_path, rate):
    assert f"has {rate} samples a second" in problem(write(tmp_path / "voice.wav", np.zeros(1000), rate))


def test_a_header_that_promises_four_gigabytes(tmp_path):
    path = tmp_path / "voice.wav"
    path.write_bytes(wav_header(0xFFFFFFF0) + b"\0\1" * RATE)

    assert Recording.open(path).n_samples == RATE  # libsndfile believes the file's length


def test_a_flac_whose_header_promises_days(tmp_path):
    path = write(tmp_path / "voice.flac", speech().wave, format="FLAC")
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the upper bits of the number of samples
    path.write_bytes(content)

    assert "h long" in problem(path)


@pytest.mark.parametrize(("name", "format"), [("voice.wav", "WAV"), ("voice.wav", "WAVEX"), ("voice.w64", "W64"), ("voice.aiff", "AIFF")])
def test_samples_cut_off(tmp_path, name, format):
    path = write(tmp_path / name, speech().wave, format=format)
    assert Recording.open(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert re.match(r"was cut off: \d{6,} bytes that its header promises are missing; copy", problem(path))


def test_a_header_that_is_a_little_wrong(tmp_path):
    path = tmp_path / "voice.wav"
    path.write_bytes(wav_header(2 * RATE + 8) + b"\0\1" * RATE)

    assert Recording.open(path).n_samples == RATE


def test_a_flac_cut_off(tmp_path):
    path = write(tmp_path / "voice.flac", speech().wave, format="FLAC")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "after" in problem(path)


def test_over_two_hours(tmp_path):
    path = tmp_path / "voice.wav"
    n_bytes = 2 * 8_000 * (2 * 3600 + 60)
    path.write_bytes(wav_header(n_bytes, rate=8_000))
    os.truncate(path, path.stat().st_size + n_bytes)  # sparse

    assert problem(path) == "is 2.0 h long: cut it into files of at most 2 h"


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")

    assert problem(tmp_path / "pipe.wav") == "is not a regular file"
    assert problem(tmp_path) == "is not a regular file"
    assert "No such file" in problem(tmp_path / "none.wav")


def test_the_same_recording_twice_under_two_names(tmp_path):
    paths = [write(tmp_path / name, speech().wave) for name in ("a.wav", "b.wav")]

    with pytest.raises(EnrolmentError, match=r"b\.wav is the same recording as .*a\.wav"):
        check(paths, voice=None)


@pytest.mark.parametrize("damage", range(12))
def test_damaged_bytes_give_an_answer_or_an_error_of_ours(tmp_path, damage):
    rng = np.random.default_rng(damage)
    suffix, options = (("flac", {"format": "FLAC"}), ("wav", {}), ("ogg", {"format": "OGG", "subtype": "VORBIS"}))[damage % 3]
    path = write(tmp_path / f"voice.{suffix}", speech(2).wave, **options)
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[rng.integers(0, min(len(content), 400) if damage % 2 else len(content), 20)] = rng.integers(0, 256, 20)
    path.write_bytes(content.tobytes())

    with contextlib.suppress(RecordingError):
        quality = check([path], voice=None)
        assert all(measure.value is None or np.isfinite(measure.value) for _, measure in quality.worst())


def test_a_long_recording_takes_no_more_memory_than_its_levels(tmp_path):
    path = tmp_path / "voice.wav"
    minutes = 6
    with soundfile.SoundFile(path, "w", 16_000, 1, "PCM_16") as file:
        piece = speech().wave[::3]
        for _ in range(minutes * 60 * 16_000 // len(piece)):
            file.write(piece)
    recording = Recording.open(path)
    frames = Frames(recording.sample_rate)
    tracemalloc.start()
    for block in recording.blocks():
        frames.add(block[:, 0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    levels = minutes * 60 * 80 * (4 + 2 * frames.bands_db.shape[1])
    assert peak < 2 * levels + 20e6
    assert len(frames.levels_db) == pytest.approx(recording.seconds * 80, abs=2)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_pieces_of_any_length_give_the_same_frames(rate):
    wave = np.random.default_rng(0).standard_normal(3 * rate).astype(np.float32)
    whole, pieces = Frames(rate), Frames(rate)
    whole.add(wave)
    for piece in np.split(wave, np.sort(np.random.default_rng(1).integers(0, len(wave), 40))):
        pieces.add(piece)

    np.testing.assert_allclose(whole.levels_db, pieces.levels_db, atol=1e-4)
    np.testing.assert_allclose(whole.bands_db, pieces.bands_db, atol=0.05)


def test_the_level_of_a_full_scale_sine_is_minus_three():
    frames = Frames(RATE)
    frames.add(np.sin(2 * np.pi * 1125 * np.arange(RATE) / RATE).astype(np.float32))

    assert frames.levels_db[5:-5] == pytest.approx(-3.01, abs=0.05)
    assert frames.bands_db[40].argmax() == 1125 // 250
