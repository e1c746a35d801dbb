"""What requests to a voice may ask for: sentences with slots and chimes, the device's own and those of the voice's pack."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial

import numpy as np

from edge_agent.errors import EdgeAgentError
from edge_agent.playback import chimes
from edge_agent.speech.script import Item, Script, Sound, write_script
from edge_agent.synthesis import PCM, SynthesisError
from edge_agent.templates import Template, Templates
from edge_agent.text import Chime
from edge_agent.voices import VoiceInfo
from edge_agent.voices.pack import Extras, Recording

log = logging.getLogger(__name__)

NOTHING = Extras()
ReadExtras = Callable[[VoiceInfo], Extras]


class Repertoire:
    """Of one voice; does not change. The device goes first: a text that fits one of its templates is read by that, and a chime
    of its own is played instead of one with the same name in the pack.

    ``chimes`` are the names there are; ``phrases`` the texts that the pack wants ready, with the fixed parts of its templates.
    ``script(text, lang, chime, repeat, gap_s)`` is :func:`write_script` with all this, remembered for texts that come again; it
    raises ``SynthesisError`` for a chime that does not exist.

    Args:
        templates: of the device.
        extras: of the voice's pack.
        sample_rate: of the voice, Hz.
    """

    def __init__(self, templates: Templates, extras: Extras = NOTHING, sample_rate: int = 0) -> None:
        self._extras, self._sample_rate = extras, sample_rate
        own = dict.fromkeys(chimes.names())
        sounds = {name: _sound(name, each, sample_rate) for name, each in extras.chimes.items() if name not in own}
        brought = Templates.parse(extras.templates)
        fixed = (text for template in brought for text in template.fixed_texts)
        self.chimes: tuple[str, ...] = tuple(sorted({**own, **sounds}))
        self.phrases = tuple(dict.fromkeys((*extras.phrases, *fixed)))
        self.script = lru_cache(maxsize=512)(partial(_write, (*templates, *brought), {**sounds, **own}))

    def with_templates(self, templates: Templates) -> Repertoire:
        """The same pack's on a device that has other templates."""
        return Repertoire(templates, self._extras, self._sample_rate)


class Repertoires:
    """Of every voice there is. Safe from any thread.

    What was asked of a voice keeps its sounds, so one that goes while it is speaking has them to its end.

    Args:
        templates: of the device.
        read: gives what the pack of a voice brings; may raise :class:`EdgeAgentError` or ``OSError``.
    """

    def __init__(self, templates: Templates, read: ReadExtras = lambda _voice: NOTHING) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._templates, self._own = templates, Repertoire(templates)
        self._of_voices: dict[str, Repertoire] = {}
        self._unread: set[str] = set()

    def use(self, templates: Templates) -> None:
        """Have other templates of the device from the next request on."""
        with self._lock:
            self._templates = templates
            self._own = Repertoire(templates)
            self._of_voices = {folder: each.with_templates(templates) for folder, each in self._of_voices.items()}

    def of(self, voice: VoiceInfo | None) -> Repertoire:
        """That of a voice, or without one the device's own; read if it was not yet. One that cannot be read is the device's own."""
        if voice is None or voice.seq is None:
            return self._own
        found = self._of_voices.get(voice.folder)
        return self._fetch(voice) if found is None else found

    def prepare(self, voices: Iterable[VoiceInfo]) -> None:
        """Read those that were not read yet, or could not be: that takes longer than a request may wait."""
        for voice in voices:
            if voice.seq is not None and (voice.folder not in self._of_voices or voice.folder in self._unread):
                self._fetch(voice)

    def keep(self, voices: Iterable[VoiceInfo]) -> None:
        """Forget those of all other voices."""
        folders = {voice.folder for voice in voices}
        with self._lock:
            self._of_voices = {folder: each for folder, each in self._of_voices.items() if folder in folders}
            self._unread &= folders

    def _fetch(self, voice: VoiceInfo) -> Repertoire:
        templates, unread = self._templates, set()
        try:
            found = Repertoire(templates, self._read(voice), voice.sample_rate)
        except (EdgeAgentError, OSError) as error:
            log.warning("extras of a pack unreadable voice=%s seq=%s error=%r", voice.id, voice.seq, str(error))
            found, unread = Repertoire(templates), {voice.folder}
        with self._lock:
            if templates is self._templates:
                self._of_voices[voice.folder] = found
                self._unread = self._unread - {voice.folder} | unread
        return found


def _write(
    templates: tuple[Template, ...], sounds: Mapping[str, Sound | None], text: str, lang: str, chime: str | None = None, repeat: int = 1,
    gap_s: float = 1.0,
) -> Script:
    """``sounds`` are all chimes there are; None is one that the device makes itself."""

    def found(item: Item) -> Item:
        if not isinstance(item, Chime):
            return item
        if item.name not in sounds:
            raise SynthesisError(f"there is no chime {item.name!r}; there are {', '.join(sorted(sounds))}")
        return sounds[item.name] or item

    script = write_script(text, lang, templates=templates, chime=chime, repeat=repeat, gap_s=gap_s)
    return Script(tuple(map(found, script.items)))


def _sound(name: str, recording: Recording, sample_rate: int) -> Sound:
    samples = np.frombuffer(recording.frames, "<i2").reshape(-1, recording.n_channels)
    mono: PCM = (samples.mean(axis=1) / 32768).astype(np.float32)
    return Sound(name, chimes.fit(mono, recording.sample_rate, sample_rate))
