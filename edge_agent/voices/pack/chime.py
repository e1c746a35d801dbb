"""The sound files of a pack: short ones, in the one form that every sound editor writes and that hides nothing, 16-bit PCM WAV."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.voices.pack.errors import PackError

MAX_CHIME_BYTES = 2 << 20
MAX_CHIME_S = 10.0
RATES = (8_000, 48_000)
"""The lowest and the highest sample rate."""
_HEADER = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM = 1


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound as a pack brings it: ``frames`` are 16-bit little-endian samples, the channels of each frame side by side."""

    frames: bytes
    n_channels: int
    sample_rate: int


def read_chime(name: str, content: bytes) -> Recording:
    """Read a sound file, trusting nothing in it.

    Raises:
        PackError: ``malformed`` or ``too_large``.
    """
    if len(content) > MAX_CHIME_BYTES:
        raise PackError("too_large", f"chime {name} has {len(content)} bytes; at most {MAX_CHIME_BYTES} are taken")
    try:
        recording = _read(content)
    except ValueError as error:
        raise PackError("malformed", f"chime {name} is no 16-bit PCM WAV file: {error}; make it with: sox IN -b 16 -c 1 OUT.wav") from error
    seconds = len(recording.frames) / (2 * recording.n_channels * recording.sample_rate)
    if seconds > MAX_CHIME_S:
        raise PackError("too_large", f"chime {name} lasts {seconds:.1f} s; at most {MAX_CHIME_S:.0f} s are taken")
    return recording


def _read(content: bytes) -> Recording:
    if len(content) < _HEADER.size:
        raise ValueError("it ends in its header")
    riff, size, wave = _HEADER.unpack_from(content)
    if (riff, wave) != (b"RIFF", b"WAVE"):
        raise ValueError("it does not begin as one")
    if size + _CHUNK.size != len(content):
        raise ValueError(f"it says that it has {size + _CHUNK.size} bytes and has {len(content)}")
    chunks = dict(_chunks(content))
    if len(chunks.get(b"fmt ", b"")) < _FORMAT.size:
        raise ValueError("it does not say its format")
    tag, n_channels, sample_rate, _, n_frame_bytes, n_bits = _FORMAT.unpack_from(chunks[b"fmt "])
    if tag != _PCM or n_bits != 16:
        raise ValueError(f"it has format {tag} with {n_bits} bits, not {_PCM} with 16")
    if n_channels not in (1, 2) or n_frame_bytes != 2 * n_channels:
        raise ValueError(f"it has {n_channels} channels in {n_frame_bytes} bytes, not one or two")
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise ValueError(f"it has {sample_rate} Hz, not {RATES[0]} to {RATES[1]}")
    frames = chunks.get(b"data", b"")
    if not frames or len(frames) % n_frame_bytes:
        raise ValueError(f"its {len(frames)} bytes of sound are no whole frames")
    return Recording(frames, n_channels, sample_rate)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _HEADER.size
    seen = set()
    while at < len(content):
        if len(content) - at < _CHUNK.size:
            raise ValueError("it ends within a chunk's header")
        name, size = _CHUNK.unpack_from(content, at)
        at += _CHUNK.size
        if size > len(content) - at:
            raise ValueError(f"its chunk {name!r} ends after the file")
        if name in seen and name in (b"fmt ", b"data"):
            raise ValueError(f"it has two chunks {name!r}")
        seen.add(name)
        yield name, content[at : at + size]
        at += size + size % 2
