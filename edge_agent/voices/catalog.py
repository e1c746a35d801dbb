"""The voices on this device: those installed, and the one that ships with the program."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_agent.errors import EdgeAgentError

log = logging.getLogger(__name__)

BUILT_IN = Path(__file__).resolve().parent / "default"


CARD = "voice.json"
_Stamp = tuple[int, int, int]


class UnknownVoice(EdgeAgentError):
    """No such voice; ``known`` lists those there are."""

    def __init__(self, voice_id: str | None, known: tuple[str, ...]) -> None:
        self.voice_id, self.known = voice_id, known
        super().__init__(f"there is no voice {voice_id!r}; installed are: {', '.join(known) or 'none'}")


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """What can be known of a voice without loading it; enough to find its recordings in the phrase cache."""

    id: str
    display_name: str
    engine: str
    languages: tuple[str, ...]
    sample_rate: int
    loudness_lufs: float
    digest: str
    folder: str


class Catalog:
    """Voices by id.

    The facts of each voice are remembered in ``state_dir``: with its files damaged or gone, its cached phrases can still
    be found and played.

    Args:
        state_dir: holds ``voices/<id>/`` and the memory.
        built_in: the voice that ships with the program.
    """

    def __init__(self, state_dir: Path, built_in: Path = BUILT_IN) -> None:
        self._installed = state_dir / "voices"
        self._memory = state_dir / "voices.json"
        self._built_in = built_in
        self._cards: dict[Path, tuple[_Stamp | None, VoiceInfo | None]] = {}

    def voices(self) -> list[VoiceInfo]:
        """Every voice whose card can be read, by id."""
        return sorted(self._readable().values(), key=lambda voice: voice.id)

    def get(self, voice_id: str | None) -> VoiceInfo:
        """One voice; None means the one that ships, or the only one there is.

        Raises:
            UnknownVoice: it is not here and was never loaded here.
        """
        found = self._readable()
        if voice_id is None:
            first = [voice for voice in found.values() if Path(voice.folder) == self._built_in] or list(found.values())
            voice_id = first[0].id if first else None
        voice = found.get(voice_id) if voice_id is not None else None
        voice = voice or self._remembered(voice_id)
        if voice is None:
            raise UnknownVoice(voice_id, tuple(sorted(found)))
        return voice

    def remember(self, voice: VoiceInfo) -> None:
        """Keep a voice's facts; failing to is logged, since speech needs it only after damage."""
        temporary = self._memory.with_name(f".{self._memory.name}.{os.getpid()}.tmp")
        try:
            facts = {**self._memories(), voice.id: asdict(voice), "": {"last": voice.id}}
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(facts, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._memory)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            log.warning("voice not remembered voice=%s error=%r", voice.id, str(error))

    def _readable(self) -> dict[str, VoiceInfo]:
        folders = [self._built_in]
        if self._installed.is_dir():
            folders += sorted(path for path in self._installed.iterdir() if path.is_dir() and not path.name.startswith("."))
        return {voice.id: voice for folder in folders if (voice := self._card(folder)) is not None}

    def _card(self, folder: Path) -> VoiceInfo | None:
        # Asked for twice an announcement, so a card is read, or complained about, only when its file has changed.
        stamp = _stamp(folder / CARD)
        known = self._cards.get(folder)
        if known is None or known[0] != stamp:
            voice = None
            try:
                voice = read_card(folder)
            except EdgeAgentError as error:
                log.warning("voice unreadable folder=%s error=%r", folder, str(error))
            known = self._cards[folder] = (stamp, voice)
        return known[1]

    def _memories(self) -> dict[str, dict]:
        try:
            facts = json.loads(self._memory.read_bytes())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _remembered(self, voice_id: str | None) -> VoiceInfo | None:
        facts = self._memories()
        try:
            facts = facts[voice_id if voice_id is not None else facts[""]["last"]]
            return VoiceInfo(**{**facts, "languages": tuple(facts["languages"])})
        except (KeyError, TypeError):
            return None


def read_card(folder: Path) -> VoiceInfo:
    """The facts in a voice folder's ``voice.json``.

    Raises:
        EdgeAgentError: it is missing or garbled.
    """
    path = folder / CARD
    try:
        raw = path.read_bytes()
        card = json.loads(raw)
        return VoiceInfo(
            str(card["voice_id"]), str(card["display_name"]), str(card["engine"]), tuple(card["languages"]),
            int(card["shape"]["sample_rate"]), float(card["loudness_lufs"]), hashlib.sha256(raw).hexdigest(), str(folder),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EdgeAgentError(f"{path} is not a readable voice card: {error!r}; install the voice again") from error


def _stamp(path: Path) -> _Stamp | None:
    """Changes with the file; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
