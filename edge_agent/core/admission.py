"""From a message to an announcement that may be spoken, or to the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.announcement import Announcement
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress import Message
from edge_agent.journal import Duplicate, Journal
from edge_agent.parse import Defaults, Refusal, Rejected, parse
from edge_agent.policy import Policy, PolicyName, Rejection
from edge_agent.speech import Script, Speaker
from edge_agent.voices import Catalog, UnknownVoice, VoiceInfo


@dataclass(frozen=True, slots=True)
class Admitted:
    """An announcement with all it takes to speak it."""

    announcement: Announcement
    script: Script
    voice: VoiceInfo


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that will not be spoken; ``detail`` says why, for its event, and ``kind`` in a word, for counting."""

    id: str | None
    reply_to: str | None
    detail: dict[str, object]
    kind: Refusal | PolicyName


class Admission:
    """Checks requests in the order: known already, well-formed, possible, allowed.

    Args:
        active_voice: the voice of requests that name none.
        reply_problem: why answers may not go to a topic, or None.
    """

    def __init__(
        self, journal: Journal, policy: Policy, speaker: Speaker, catalog: Catalog, defaults: Defaults,
        active_voice: Callable[[], str | None], reply_problem: Callable[[str], str | None],
    ) -> None:
        self._journal, self._policy, self._speaker, self._catalog = journal, policy, speaker, catalog
        self._defaults, self._active_voice, self._reply_problem = defaults, active_voice, reply_problem

    def use(self, defaults: Defaults) -> None:
        """Fill in other defaults from the next request on."""
        self._defaults = defaults

    def admit(self, message: Message) -> Admitted | Refused | Duplicate:
        """Judge a request; nothing is kept of it yet."""
        try:
            announcement = self._read(message)
        except Rejected as error:
            known = self._journal.known(error.id) if error.id else None
            return known or Refused(error.id, error.reply_to or message.reply_to, error.detail(), error.kind)
        known = self._journal.known(announcement.id)
        if known is not None:
            return known
        try:
            return self._judge(announcement)
        except Rejected as error:
            return Refused(announcement.id, announcement.reply_to, error.detail(), error.kind)

    def prepare(self, announcement: Announcement) -> Admitted:
        """What it takes to speak an announcement that was admitted before.

        Raises:
            Rejected: its voice, chime or text cannot be spoken (any more).
        """
        try:
            named = announcement.voice
            voice = self._catalog.get(named) if named is not None else self._catalog.speaking(self._active_voice())
        except UnknownVoice as error:
            problem = error.problem or f"{error.voice_id!r} is not installed"
            raise Rejected("voice", problem, ", ".join(error.known) or "none", kind=Refusal.UNSPEAKABLE) from error
        repertoire = self._speaker.repertoires.of(voice)
        if announcement.chime is not None and announcement.chime not in repertoire.chimes:
            raise Rejected("chime", f"{announcement.chime!r} does not exist", ", ".join(repertoire.chimes), kind=Refusal.UNSPEAKABLE)
        try:
            script = self._speaker.script(
                announcement.text, announcement.lang, voice, chime=announcement.chime, repeat=announcement.repeat, gap_s=announcement.gap_s
            )
        except EdgeAgentError as error:
            allowed = "text with at least one word, or the SSML subset"
            raise Rejected("text", f"cannot be spoken: {error}", allowed, kind=Refusal.UNSPEAKABLE) from error
        return Admitted(announcement, script, voice)

    def _read(self, message: Message) -> Announcement:
        announcement = parse(
            message.payload, source=message.source, now=message.received_at, content_type=message.content_type,
            defaults=self._defaults, expiry_s=message.expiry_s, correlation=message.correlation,
            delivery_id=self._delivery_id(message), reply_to=message.reply_to,
        )
        if announcement.reply_to is not None and (problem := self._reply_problem(announcement.reply_to)):
            raise Rejected("reply_to", problem, "a topic this device may publish to", kind=Refusal.UNAUTHORISED, id=announcement.id)
        return announcement

    def _delivery_id(self, message: Message) -> str | None:
        """The id of a request that has none of its own: named after its delivery, so that a redelivery (known by the
        transport's mark) can be told from the same words said twice. None where the transport never redelivers."""
        if message.packet_id is None:
            return None
        prefix = message.fingerprint()[:24] + "."
        earlier = self._journal.newest_id(prefix, since=message.received_at - _REDELIVERY_S) if message.redelivered else None
        return earlier or f"{prefix}{int(message.received_at)}"

    def _judge(self, announcement: Announcement) -> Admitted | Refused:
        verdict = self._policy.check(announcement)
        if isinstance(verdict, Rejection):
            return Refused(announcement.id, announcement.reply_to, verdict.detail(), verdict.policy)
        return self.prepare(verdict)


_REDELIVERY_S = 3600.0
"""A broker redelivers within its session expiry, which is far below an hour."""
