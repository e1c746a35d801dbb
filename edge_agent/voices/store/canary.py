"""A new voice speaks its golden sentence before anyone else hears it."""

from __future__ import annotations

from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.voices.pack.manifest import MANIFEST, Manifest
from edge_agent.voices.store.errors import StoreError

_MAX_REASON_CHARS = 500
"""What is wrong with a card may quote it, at whatever length its author liked."""


def speaks(folder: Path, *, threads: int = 2) -> None:
    """Load the voice in a verified folder on the processor, which is right wherever it runs, and compare what it says.

    Raises:
        StoreError: ``canary``: it cannot be loaded, or says something else than its manifest promises.
    """
    import numpy as np

    from edge_agent.synthesis import Runtime, load_engine
    from edge_agent.synthesis.golden import Golden
    from edge_agent.text import Speech

    try:
        manifest = Manifest.from_bytes((folder / MANIFEST).read_bytes())
        golden = Golden.from_json(dict(manifest.golden))
        engine = load_engine(folder, Runtime("cpu", threads))
        try:
            pcm = np.concatenate(list(engine.synthesize(Speech("", "mixed", golden.phonemes))))
            sample_rate = engine.sample_rate
        finally:
            engine.close()
    except (EdgeAgentError, OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError("canary", f"the voice cannot be loaded: {str(error)[:_MAX_REASON_CHARS]}") from error
    if engine.voice_id != manifest.id or sample_rate != manifest.sample_rate:
        raise StoreError("canary", f"the voice loads as {engine.voice_id} at {sample_rate} Hz; its manifest says something else")
    if not golden.matches(pcm, sample_rate):
        off_db = golden.difference_db(pcm, sample_rate)
        raise StoreError("canary", f"the voice does not say its golden sentence as it should: off by {off_db:.1f} dB")
