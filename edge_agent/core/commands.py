"""What can be asked of the daemon besides speaking."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge_agent.core.core import Core
from edge_agent.core.settings import Settings
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress import Cancel, Clear, Command, DeleteVoice, Ping, Prewarm, Route, Status, Stop, Voice, Volume
from edge_agent.playback.player import Player
from edge_agent.voices import Catalog
from edge_agent.worker import SynthesisWorker, Warm

log = logging.getLogger(__name__)


class Commands:
    """Carries out commands, in the event loop's thread."""

    def __init__(
        self, catalog: Catalog, worker: SynthesisWorker, player: Player, settings: Settings, status: Callable[[], dict[str, object]]
    ) -> None:
        self._catalog, self._worker, self._player = catalog, worker, player
        self._settings, self._status = settings, status
        self.choose: Callable[[str, str], None] | None = None
        """Takes over to change the voice (its id, who asked); without it the next request waits for the voice to load."""
        self.delete: Callable[[bytes, bytes, Route], None] | None = None
        """Takes over to delete a voice by a signed order, and answers."""
        self.core: Core | None = None

    def __call__(self, command: Command, reply: Route) -> None:
        """Carry out and answer; whatever cannot be done is refused with the reason."""
        try:
            self._carry_out(command, reply)
        except EdgeAgentError as error:
            reply.refuse(str(error))
        except Exception:  # a supervision boundary: who asked over ZeroMQ would keep a place among the unanswered for ever
            log.exception("command failed name=%s source=%s", command.name, reply.source)
            reply.refuse("internal error; the daemon's log has more")

    def _carry_out(self, command: Command, reply: Route) -> None:
        match command:
            case Stop():
                reply.answer(stopped=self.core.stop_current("stopped by command"))
            case Cancel(id=id, key=key):
                reply.answer(cancelled=self.core.cancel(id=id, key=key))
            case Clear():
                reply.answer(cleared=self.core.clear())
            case Volume(volume=volume):
                self._player.set_volume(volume)
                self._settings.volume = volume
                self._settings.save()
                reply.answer(volume=volume)
            case Voice() | DeleteVoice():
                self._change_voice(command, reply)
            case Prewarm():
                self._prewarm(command, reply)
            case Ping():
                reply.answer(**self._status())
            case Status(ids=ids):
                whereabouts = {one: self.core.whereabouts(one) for one in ids}
                facts = {"voice": self._settings.voice, "volume": self._settings.volume}
                reply.answer(**self._status(), **facts, announcements=whereabouts)

    def _change_voice(self, command: Voice | DeleteVoice, reply: Route) -> None:
        if isinstance(command, DeleteVoice):
            if self.delete is None:
                reply.refuse("this device has no store of voices")
            else:
                self.delete(command.statement.encode("utf-8", "replace"), command.signature.encode("utf-8", "replace"), reply)
            return
        chosen = self._catalog.get(command.voice)
        if self.choose is not None:
            self.choose(chosen.id, reply.source)
        else:
            self._settings.voice = chosen.id
            self._settings.save()
            self._worker.load(chosen)
        reply.answer(voice=chosen.id)

    def _prewarm(self, command: Prewarm, reply: Route) -> None:
        voice = self._catalog.get(command.voice) if command.voice else self._catalog.speaking(self._settings.voice)

        def done(made: int, problems: list[str]) -> None:
            fields = {"texts": len(command.texts), "segments_made": made, "texts_failed": len(problems)}
            if problems:
                reply.refuse("; ".join(problems[:3]), **fields)
            else:
                reply.answer(**fields)

        self._worker.warm(Warm(command.texts, command.lang, voice, command.pin, command.speed, done))
