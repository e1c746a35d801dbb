from __future__ import annotations

import contextlib
import io
import struct
import wave

import pytest

from edge_agent.voices.pack import PackError
from edge_agent.voices.pack.chime import MAX_CHIME_BYTES, read_chime
from tests.voices.pack.maker import wav


@pytest.mark.parametrize(("rate", "n_channels"), [(8_000, 1), (24_000, 2), (48_000, 1)])
def test_what_other_programs_write(rate: int, n_channels: int) -> None:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((n_channels, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(range(200)))
    recording = read_chime("gate", written.getvalue())
    assert (recording.frames, recording.n_channels, recording.sample_rate) == (bytes(range(200)), n_channels, rate)
    assert written.getvalue() == wav(bytes(range(200)), rate=rate, n_channels=n_channels)


def test_chunks_of_other_programs_are_passed_over() -> None:
    note = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    plain = wav()
    content = b"RIFF" + struct.pack("<I", len(plain) - 8 + len(note)) + b"WAVE" + note + plain[12:]
    assert read_chime("gate", content) == read_chime("gate", plain)


def test_ten_seconds_are_a_chime_and_no_more() -> None:
    assert read_chime("gate", wav(bytes(2 * 80_000))).sample_rate == 8_000
    with pytest.raises(PackError, match=r"chime gate lasts 10\.1 s; at most 10 s") as refused:
        read_chime("gate", wav(bytes(2 * 80_800)))
    assert refused.value.reason == "too_large"
    with pytest.raises(PackError, match="bytes; at most") as refused:
        read_chime("gate", bytes(MAX_CHIME_BYTES + 1))
    assert refused.value.reason == "too_large"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it ends in its header"),
        (b"fLaC" + bytes(100), "it does not begin as one"),
        (wav() + b"x", "it says that it has"),
        (wav(bits=8), "format 1 with 8 bits"),
        (wav(bits=24), "format 1 with 24 bits"),
        (wav(tag=3, bits=32), "format 3"),
        (wav(tag=0xFFFE), "format 65534"),
        (wav(n_channels=6), "6 channels"),
        (wav(rate=4_000), "4000 Hz"),
        (wav(rate=192_000), "192000 Hz"),
        (wav(b""), "0 bytes of sound"),
        (wav(bytes(3)), "no whole frames"),
        (wav()[:4] + struct.pack("<I", 4) + b"WAVE", "it does not say its format"),
        (wav()[:40] + b"\xff\xff\xff\x7f" + wav()[44:], "ends after the file"),
        (wav()[:4] + struct.pack("<I", 7) + b"WAVEfmt", "within a chunk's header"),
        (wav()[:4] + struct.pack("<I", 2 * len(wav()) - 20) + wav()[8:] + wav()[12:], "two chunks b'fmt '"),
    ],
)
def test_what_is_no_chime_says_why(content: bytes, problem: str) -> None:
    with pytest.raises(PackError, match=problem) as refused:
        read_chime("gate", content)
    assert refused.value.reason == "malformed"
    assert "sox IN -b 16" in str(refused.value)


def test_every_byte_and_every_length_is_a_chime_or_refused() -> None:
    content = wav()
    for at in range(len(content)):
        for changed in (content[:at], content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]):
            with contextlib.suppress(PackError):
                assert len(read_chime("gate", changed).frames) <= len(content)
