"""A recording on disk, read in pieces: however long it is, only one piece is in memory."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from distill.enrol.errors import RecordingError

CONTAINERS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "FLAC", "OGG", "MP3"}
LONGEST_S = 2 * 3600
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
LOUDEST = 1e6
_SHORTER = re.compile(r"^\w+ *: (\d+) \(should be (\d+)\)", re.MULTILINE)
"""How libsndfile notes in its log that a header promises more bytes than there are; it reads the file as if it had not."""
_SLOPPY_BYTES = 4096
"""By so much a header may be wrong of which nothing is missing."""
_ENDLESS = 0x7FFF_0000
"""From here on the header of a recorder that wrote before it knew the length."""
"""Floating-point files may go over full scale, 1, and some are written in steps of 16 bits; beyond, squares overflow."""

BLOCK_S = 10
HASH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """The facts of a sound file. ``seconds`` is what its header says; :meth:`blocks` checks it."""

    path: Path
    sha256: str
    sample_rate: int
    channels: int
    n_samples: int
    container: str
    coding: str
    """libsndfile's name of the sample format: ``PCM_16``, ``FLOAT``, ``VORBIS`` ..."""

    @property
    def seconds(self) -> float:
        return self.n_samples / self.sample_rate

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Look at a file's header and take its digest.

        Raises:
            RecordingError: no file, no sound file, empty, too long, or of a rate or channel count no voice is trained on.
        """
        with _file(path) as descriptor:
            with _sound(path, descriptor) as sound:
                recording = cls(path, "", sound.samplerate, sound.channels, sound.frames, sound.format, sound.subtype)
                missing = _missing(sound.extra_info)
            recording._check_header()
            if missing:
                raise RecordingError(path, f"was cut off: {missing} bytes that its header promises are missing; copy or export it again")
            return replace(recording, sha256=_sha256(descriptor))

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Pieces of :data:`BLOCK_S` seconds, the last one shorter: float32 [samples, channels].

        Raises:
            RecordingError: damaged or cut off, or a sample is NaN, infinite or beyond :data:`LOUDEST`.
        """
        position = 0
        with _file(self.path) as descriptor, _sound(self.path, descriptor) as sound:
            while position < self.n_samples:
                block = self._read(sound, BLOCK_S * self.sample_rate, position)
                if not len(block):
                    raise RecordingError(
                        self.path,
                        f"ends after {position / self.sample_rate:.1f} s, its header promises {self.seconds:.1f} s: copy or "
                        "export it again",
                    )
                yield block
                position += len(block)

    def excerpt(self, start_s: float, seconds: float) -> NDArray[np.float32]:
        """Samples from ``start_s`` on, float32 [samples, channels]; shorter at the end of the recording.

        Raises:
            RecordingError: as for :meth:`blocks`.
        """
        start = min(int(start_s * self.sample_rate), self.n_samples)
        with _file(self.path) as descriptor, _sound(self.path, descriptor) as sound:
            try:
                sound.seek(start)
            except soundfile.SoundFileError as error:
                raise RecordingError(self.path, f"cannot be read at {start_s:.1f} s ({error})") from error
            return self._read(sound, int(seconds * self.sample_rate), start)

    def _read(self, sound: soundfile.SoundFile, n_samples: int, position: int) -> NDArray[np.float32]:
        try:
            block = sound.read(min(n_samples, self.n_samples - position), dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise RecordingError(self.path, f"cannot be read after {position / self.sample_rate:.1f} s ({error})") from error
        sound_like = (np.abs(block) <= LOUDEST).all(-1)
        if not sound_like.all():
            where = (position + int(sound_like.argmin())) / self.sample_rate
            raise RecordingError(
                self.path, f"holds samples that are no numbers, or above {LOUDEST:.0e}, first at {where:.3f} s: export it again"
            )
        return block

    def _check_header(self) -> None:
        if self.container not in CONTAINERS:
            raise RecordingError(self.path, f"is a {self.container} file: give one of {', '.join(sorted(CONTAINERS))}")
        if self.channels > 2:
            raise RecordingError(self.path, f"has {self.channels} channels: export the voice's microphone as mono")
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
            raise RecordingError(
                self.path, f"has {self.sample_rate} samples a second: record with 48000 ({LOWEST_RATE} to {HIGHEST_RATE} are read)"
            )
        if self.n_samples <= 0:
            raise RecordingError(self.path, "holds no samples: record it again")
        if self.seconds > LONGEST_S:
            raise RecordingError(self.path, f"is {self.seconds / 3600:.1f} h long: cut it into files of at most {LONGEST_S // 3600} h")


@contextmanager
def _file(path: Path) -> Iterator[int]:
    """A descriptor of a regular file; anything else could block or never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RecordingError(path, f"cannot be opened: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RecordingError(path, "is not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _sound(path: Path, descriptor: int) -> Iterator[soundfile.SoundFile]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        sound = soundfile.SoundFile(descriptor, closefd=False)
    except soundfile.LibsndfileError as error:  # all of its message would name a file descriptor
        raise RecordingError(path, f"is no sound file that can be read ({error.error_string}): give WAV or FLAC") from error
    with sound:
        yield sound


def _missing(log: str) -> int:
    """Bytes that a header promised in vain, by libsndfile's log."""
    found = [(int(promised), int(there)) for promised, there in _SHORTER.findall(log)]
    return max((promised - there for promised, there in found if there + _SLOPPY_BYTES < promised < _ENDLESS), default=0)


def _sha256(descriptor: int) -> str:
    digest = hashlib.sha256()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while piece := os.read(descriptor, HASH_BYTES):
        digest.update(piece)
    return digest.hexdigest()
