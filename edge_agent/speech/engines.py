"""Loaded voices, one at a time, on the provider that was seen to compute them right, with the fall-back to the processor."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.speech.loader import Loader, Opened, in_its_folder
from edge_agent.speech.pair import Pair
from edge_agent.speech.settling import Settling
from edge_agent.synthesis import Engine, Runtime, SynthesisError, load_engine
from edge_agent.synthesis.providers import BY_NAME, CPU, GPU_MEMORY_BYTES, PROCESSOR, Candidate, Choice, Chooser, in_words
from edge_agent.voices import VoiceInfo

log = logging.getLogger(__name__)

RETRY_S = 30.0
"""How long a voice that could not be loaded is left alone."""
RECHECK_S = (60.0, 300.0, 1800.0)
"""After which waits a provider that failed is tried again; the last comes again and again."""

OnChange = Callable[[VoiceInfo, "Engine | None", "str | None"], None]


class Engines:
    """Gives out the engine of a voice, keeping the last one used and one that was prepared to follow it. Thread-safe.

    With a ``chooser`` nobody waits for providers to be tried: a voice speaks on the processor until the best one is known, and again
    from the moment a GPU fails until it was seen to work.

    Args:
        provider: ``auto``, ``tensorrt``, ``cuda`` or ``cpu``, see :class:`Runtime`.
        threads: processor threads for the model.
        on_change: told after each load (voice, engine, what is not as it should be), or (voice, None, why it cannot be loaded); runs in
            the loading thread.
        load: makes an engine of a folder.
        opened: gives the folder of a voice's verified files for as long as it is loaded from them.
        chooser: tries the providers; without one ``provider`` is taken as it is, and the processor where it does not compute right.
        gpu_memory_bytes: the most the graphs of one voice may take of a GPU's memory; the chooser's are to be told the same.
    """

    def __init__(
        self, provider: str, threads: int, on_change: OnChange = lambda *_: None,
        load: Callable[[Path, Runtime], Engine] = load_engine, opened: Opened = in_its_folder, chooser: Chooser | None = None,
        gpu_memory_bytes: int = GPU_MEMORY_BYTES,
    ) -> None:
        self._provider, self._on_change, self._chooser = provider, on_change, chooser
        self._make = Loader(threads, load, opened, chooser, gpu_memory_bytes)
        self._settling = Settling(chooser, opened, self._adopt) if chooser else None
        self._loaded = Pair()
        # Held for as long as something is being loaded, which may take minutes.
        self._loading = threading.Lock()
        self._failed: tuple[str, float, str] | None = None
        self._fault: str | None = None
        """What is wrong with the GPU, from the time it failed until it was seen to work."""
        self._told: tuple[Engine, str | None] | None = None
        self._complained = False
        """Whether the last that was told is a voice that cannot be loaded."""

    def get(self, voice: VoiceInfo) -> Engine:
        """The engine of ``voice``, loaded if need be.

        Raises:
            SynthesisError: it cannot be loaded; tried again at the earliest half a minute later.
        """
        if (engine := self._loaded.take(voice.digest)) is not None:
            return engine
        with self._loading:
            if (engine := self._loaded.take(voice.digest)) is not None:
                return engine
            engine = self._begin(voice)
            self._loaded.put(engine)
            return engine

    def prepare(self, voice: VoiceInfo) -> Engine:
        """Load ``voice`` beside the one that speaks, so that :meth:`get` has it at once; tried at once too if it failed just now. One that
        is loaded already is told of again where it takes the place of one that could not be.

        Raises:
            SynthesisError: it cannot be loaded.
        """
        with self._loading:
            if (engine := self._loaded.find(voice.digest)) is not None:
                known = self._told is not None and self._told[0] is engine
                self._tell(voice, engine, self._told[1] if known else self._fault)
                return engine
            self._failed = None
            engine = self._begin(voice)
            self._loaded.put_beside(engine)
            return engine

    def drop(self, voice_id: str) -> None:
        """Forget a voice that was deleted, and what is being compiled of it; whoever speaks with it still has it."""
        self._loaded.drop(voice_id)
        if self._settling is not None:
            self._settling.forget(voice_id)

    def fall_back(self, voice: VoiceInfo, error: SynthesisError) -> Engine:
        """The same voice on the processor, after its provider failed with ``error``. It lasts until the provider was seen to work
        again, or without a chooser until the program starts anew.

        Raises:
            SynthesisError: it is on the processor already, or cannot be loaded there either.
        """
        with self._loading:
            speaks = self._loaded.speaks
            if speaks is None or speaks.provider == CPU:
                raise SynthesisError(f"voice {voice.id} fails on the processor: {error}") from error
            log.error("engine falls back voice=%s provider=%s error=%r", voice.id, speaks.provider, str(error))
            engine = self._instead_of(speaks.provider, voice, error)
            self._loaded.put_alone(engine)
            return engine

    def close(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._loaded.close()

    def _begin(self, voice: VoiceInfo) -> Engine:
        """Load a voice with what is known of providers, and find out what is not."""
        if self._fault is not None:  # the GPU failed another voice; from now on it is tried with this one
            self._recheck(voice)
            return self._load(voice, PROCESSOR, self._fault)
        if self._chooser is None or self._settling is None:
            return self._load_chosen(voice, Choice(Candidate(BY_NAME.get(self._provider) or Runtime().provider)))
        known = self._chooser.known(voice.digest)
        if known is not None:
            return self._load_chosen(voice, known)
        engine = self._load(voice, PROCESSOR)
        self._settling.begin(voice, (0.0,))
        return engine

    def _load_chosen(self, voice: VoiceInfo, choice: Choice) -> Engine:
        if choice.provider == CPU:
            return self._load(voice, choice, choice.degraded)
        self._refuse_if_failed(voice)
        try:
            engine = self._make(voice, choice)
        except SynthesisError as error:
            log.error("provider refused voice=%s provider=%s error=%r", voice.id, choice.provider, str(error))
            return self._instead_of(choice.provider, voice, error)
        except (EdgeAgentError, OSError) as error:
            raise self._unloadable(voice, error) from error
        self._tell(voice, engine, choice.degraded)
        return engine

    def _instead_of(self, failed: str, voice: VoiceInfo, error: SynthesisError) -> Engine:
        self._fault = f"runs on the processor instead of {in_words(failed)}: {error}"
        engine = self._load(voice, PROCESSOR, self._fault)
        self._recheck(voice)
        return engine

    def _recheck(self, voice: VoiceInfo) -> None:
        if self._settling is not None:
            self._settling.begin(voice, chain(RECHECK_S, repeat(RECHECK_S[-1])))

    def _adopt(self, voice: VoiceInfo, choice: Choice) -> bool:
        """Called by the search: go over to what was chosen, between two segments; whether the search is over."""
        with self._loading:
            current = self._loaded.find(voice.digest)
            if current is None:
                return True  # another voice speaks by now
            if choice.provider == CPU:
                return self._stay(voice, current, choice.degraded, settled=self._fault is None or choice.degraded is None)
            try:
                engine = self._make(voice, choice)
            except (EdgeAgentError, OSError) as error:
                log.error("provider refused voice=%s provider=%s error=%r", voice.id, choice.provider, str(error))
                # A GPU whose context broke in this process works in any other.
                why = f"{in_words(choice.provider)} works for another process but not for this one, restart the daemon ({error})"
                return self._stay(voice, current, f"runs on the processor: {why}", settled=False)
            self._loaded.replace(current, engine)
            self._fault = None
            self._tell(voice, engine, choice.degraded)
            return True

    def _stay(self, voice: VoiceInfo, current: Engine, degraded: str | None, *, settled: bool) -> bool:
        """On the processor, where ``current`` is already."""
        self._fault = None if settled else degraded
        self._tell(voice, current, degraded)
        return settled

    def _load(self, voice: VoiceInfo, choice: Choice, degraded: str | None = None) -> Engine:
        self._refuse_if_failed(voice)
        try:
            engine = self._make(voice, choice)
        except (EdgeAgentError, OSError) as error:
            raise self._unloadable(voice, error) from error
        self._failed = None
        self._tell(voice, engine, degraded)
        return engine

    def _refuse_if_failed(self, voice: VoiceInfo) -> None:
        if self._failed and self._failed[0] == voice.folder and time.monotonic() - self._failed[1] < RETRY_S:
            raise SynthesisError(self._failed[2])

    def _unloadable(self, voice: VoiceInfo, error: Exception) -> SynthesisError:
        reason = f"voice {voice.id} cannot be loaded: {error}"
        self._failed, self._complained = (voice.folder, time.monotonic(), reason), True
        self._on_change(voice, None, reason)
        return SynthesisError(reason)

    def _tell(self, voice: VoiceInfo, engine: Engine, degraded: str | None) -> None:
        news = engine, degraded
        if self._complained or self._told != news:
            self._told, self._complained = news, False
            self._on_change(voice, engine, f"voice {voice.id} {degraded}" if degraded else None)
