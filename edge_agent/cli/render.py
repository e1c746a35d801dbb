"""Speaking into WAV files, without a daemon."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.offline import OfflineSpeaker
from edge_agent.cli.output import print_json_line, progress, shorten
from edge_agent.config import Config
from edge_agent.disk import naming
from edge_agent.errors import EdgeAgentError
from edge_agent.listed import read_numbered
from edge_agent.synthesis.engine import FULL_SCALE


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak; see the options of ``say``."""

    lang: str = "auto"
    voice: str | None = None
    speed: float = 1.0
    volume: float = 1.0
    chime: str | None = None
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file, and how long its making took, in seconds."""

    file: str
    text: str
    audio_s: float
    first_pcm_s: float
    synthesis_s: float

    def __str__(self) -> str:
        return f"{self.file}: {self.audio_s:.2f} s of sound in {self.synthesis_s:.2f} s"


def render_one(config: Config, text: str, out: Path, manner: Manner, *, as_json: bool) -> int:
    """Write one file; returns the exit status."""
    with _speaker(config, manner) as speaker:
        _report(_render(speaker, text, out, manner), as_json)
    return ExitCode.OK


def render_batch(config: Config, lines: Path, folder: Path, manner: Manner, *, as_json: bool) -> int:
    """Write ``0001.wav`` for the first line, and so on; empty lines and remarks are passed over, bad ones reported at once."""
    wanted = read_numbered(lines)
    folder.mkdir(parents=True, exist_ok=True)
    n_bad = 0
    with _speaker(config, manner) as speaker:
        for number, line in progress(wanted, "say", unit="line"):
            try:
                rendered = _render(speaker, line, folder / f"{number:04}.wav", manner)
            except EdgeAgentError as error:
                n_bad += 1
                with tqdm.external_write_mode():
                    click.echo(f"edge-agent: {lines}:{number}: {error} ({shorten(line, 40)})", err=True)
            else:
                with tqdm.external_write_mode():
                    _report(rendered, as_json)
    return ExitCode.FAILED if n_bad else ExitCode.OK


@contextlib.contextmanager
def _speaker(config: Config, manner: Manner) -> Iterator[OfflineSpeaker]:
    with contextlib.closing(OfflineSpeaker(config)) as speaker:
        if manner.voice is None and speaker.trouble is not None:
            click.echo(f"edge-agent: {speaker.trouble}; another voice speaks", err=True)
        yield speaker


def _render(speaker: OfflineSpeaker, text: str, out: Path, manner: Manner) -> Rendered:
    voice = speaker.voice(manner.voice)
    start = time.perf_counter()
    first_pcm_s: float | None = None
    n_frames = 0
    how = {name: value for name, value in asdict(manner).items() if name not in ("lang", "voice")}
    with _whole_file(out, voice.sample_rate) as file:
        for chunk in speaker.render(text, manner.lang, voice, **how):
            if first_pcm_s is None and len(chunk):
                first_pcm_s = time.perf_counter() - start
            file.writeframesraw(np.clip(np.rint(chunk * FULL_SCALE), -FULL_SCALE, FULL_SCALE).astype("<i2").tobytes())
            n_frames += len(chunk)
    took_s = time.perf_counter() - start
    return Rendered(str(out), text, n_frames / voice.sample_rate, first_pcm_s or took_s, took_s)


@contextlib.contextmanager
def _whole_file(path: Path, sample_rate: int) -> Iterator[wave.Wave_write]:
    """A WAV file of mono 16-bit PCM that appears under its name only when it is complete."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    unfinished = Path(name)
    try:
        with naming(path), os.fdopen(handle, "wb") as raw, wave.open(raw, "wb") as file:
            file.setparams((1, 2, sample_rate, 0, "NONE", ""))
            yield file
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _report(rendered: Rendered, as_json: bool) -> None:
    if as_json:
        print_json_line({name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(rendered).items()})
    else:
        click.echo(rendered)
