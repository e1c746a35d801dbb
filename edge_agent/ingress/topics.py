"""Every MQTT topic the daemon listens to or publishes on, and those it must never be talked into."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

ROOT = "voice"
RESERVED_DEVICES = frozenset({"all", "group", "reply", "pack"})
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

HERMES_SAY = "hermes/tts/say"
HERMES_FINISHED = "hermes/tts/sayFinished"
HERMES_ERROR = "hermes/error/tts"

MAX_REPLY_BYTES = 256
# Brokers cut off a client that publishes to a topic of too many levels; a requester must not be able to do that to us.
MAX_REPLY_LEVELS = 16
_OWNED_ENDINGS = frozenset({"say", "cmd", "event", "status", "health", "pack"})


class Channel(enum.Enum):
    """What a topic carries."""

    SAY = "say"
    COMMAND = "cmd"
    HERMES = "hermes"


class Topics:
    """The names of one device.

    It hears ``voice/<site>/<device>``, ``voice/<site>/all`` and ``voice/<site>/group/<name>``; of the members of a *shared*
    group the broker picks one for each announcement, and such a group has no ``cmd``.
    """

    def __init__(
        self,
        site: str,
        device: str,
        *,
        groups: Sequence[str] = (),
        shared_groups: Sequence[str] = (),
        hermes: bool = False,
        reply_prefixes: Sequence[str] = (),
    ) -> None:
        base = f"{ROOT}/{site}/{device}"
        self.event = f"{base}/event"
        self.status = f"{base}/status"
        self.health = f"{base}/health"
        self._channels: dict[str, Channel] = {}
        for heard in (base, f"{ROOT}/{site}/all", *(f"{ROOT}/{site}/group/{group}" for group in groups)):
            self._channels[f"{heard}/say"] = Channel.SAY
            self._channels[f"{heard}/cmd"] = Channel.COMMAND
        if hermes:
            self._channels[HERMES_SAY] = Channel.HERMES
        self._filters = tuple(self._channels)
        for group in shared_groups:
            topic = f"{ROOT}/{site}/group/{group}/say"
            self._channels[topic] = Channel.SAY
            self._filters += (f"$share/{group}/{topic}",)
        self._reply_prefixes = tuple(reply_prefixes)

    @property
    def filters(self) -> tuple[str, ...]:
        """The topic filters to subscribe to; no two of them match the same message."""
        return self._filters

    def channel(self, topic: str) -> Channel | None:
        """What ``topic`` carries; None for one that is not (or no longer) ours."""
        return self._channels.get(topic)

    def reply_problem(self, topic: str) -> str | None:
        """Why an answer may not go to ``topic``, or None if it may.

        The requester chooses this topic and the device publishes with its own rights, so it must not become a way to speak
        on, command or impersonate any device: refused are wildcards, ``$`` topics, the Hermes topics and, anywhere below
        ``voice/``, topics that end in say, cmd, event, status, health or pack, and those of
        voice packs. With ``reply_prefixes`` only topics below one of
        them are left. ``voice/<site>/reply/<anyone>`` is always free for answers.
        """
        if not topic or len(topic.encode("utf-8", "surrogatepass")) > MAX_REPLY_BYTES:
            return f"it must have 1 to {MAX_REPLY_BYTES} bytes"
        # Brokers drop the connection over control and non-characters in a topic; isprintable() is False for all of those.
        if not topic.isprintable() or "+" in topic or "#" in topic:
            return "it must hold printable characters only, without the wildcards + and #"
        levels = topic.split("/")
        if len(levels) > MAX_REPLY_LEVELS:
            return f"it must have at most {MAX_REPLY_LEVELS} levels"
        if topic.startswith("$"):
            return "topics beginning with $ belong to the broker"
        if levels[0] == "hermes" or (levels[0] == ROOT and (levels[-1] in _OWNED_ENDINGS or levels[2:3] == ["pack"])):
            return "it is a topic that devices listen to or report on"
        if self._reply_prefixes and not topic.startswith(self._reply_prefixes):
            return f"answers go only to topics beginning with {' or '.join(self._reply_prefixes)}"
        return None
