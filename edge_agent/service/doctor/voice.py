"""Whether there is a voice, its files are those it was made with, and it speaks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edge_agent.config import Config
from edge_agent.errors import EdgeAgentError
from edge_agent.service.doctor.finding import Finding
from edge_agent.synthesis import Engine, Runtime, load_engine
from edge_agent.text import Speech, plan
from edge_agent.voices import UnknownVoice
from edge_agent.voices.store import open_catalog, voice_files

_SENTENCE = "语音正常。The voice is ready."


def check_voice(config: Config) -> Iterator[Finding]:
    try:
        voice = open_catalog(config.paths.state_dir).get(config.voice.id)
    except UnknownVoice as error:
        yield Finding.fail("voice", str(error), "Install it, or set voice.id to one of those.")
        return
    try:
        # Opening verifies every signature and file of a voice from the store; loading compares files with the voice's card.
        with voice_files(config)(voice) as folder:
            runtime = Runtime(config.voice.provider, config.voice.threads, gpu_memory_bytes=config.voice.gpu_memory_bytes)
            engine = load_engine(folder, runtime)
    except EdgeAgentError as error:
        yield Finding.fail("voice", str(error), "Install the voice again; until then only cached phrases are spoken.", voice=voice.id)
        return
    try:
        yield _speak(engine)
    except EdgeAgentError as error:
        yield Finding.fail("voice", f"{voice.id} does not speak: {error}", "Set voice.provider to cpu.", voice=voice.id)
    finally:
        engine.close()


def _speak(engine: Engine) -> Finding:
    start = time.perf_counter()
    segments = [item for item in plan(_SENTENCE, "auto").items if isinstance(item, Speech)]
    n_frames = sum(len(chunk) for segment in segments for chunk in engine.synthesize(segment))
    took_s = time.perf_counter() - start
    audio_s = n_frames / engine.sample_rate
    what = f"{engine.voice_id}: files whole, {audio_s:.1f} s of speech in {took_s:.2f} s on {engine.provider}"
    return Finding.ok("voice", what, voice=engine.voice_id, provider=engine.provider, audio_s=audio_s, synthesis_s=took_s)
