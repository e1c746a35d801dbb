"""Where requests of ZeroMQ peers are taken, and each is answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import zmq

from edge_agent import __version__, wire
from edge_agent.ingress.base import Inbox, Message, Route, Verdict
from edge_agent.ingress.commands import Command, Ping, Prewarm, Status
from edge_agent.ingress.zmq_doors import Door
from edge_agent.ingress.zmq_gate import client_key
from edge_agent.ingress.zmq_keys import KeyRing, KeysError
from edge_agent.ingress.zmq_requests import Reply, Say, read_request
from edge_agent.ingress.zmq_window import Window
from edge_agent.parse import Refusal, Rejected

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Few, so that a stop is not stuck behind others' requests, each of which costs a write to the disk."""
_MOST_UNANSWERED = 64
_MOST_PRELOADS = 16
"""Lists of texts waiting to be rendered, which may take minutes each; they hold nothing else up."""


class Desk:
    """Takes requests in the ingress's thread; the core answers in its own.

    Args:
        instance: names this run of the daemon.
        keys: whose requests are taken at a door to the network.
        send: has frames sent through a door; from any thread.
    """

    def __init__(self, core: Inbox, instance: str, keys: KeyRing, send: Callable[[Door, list[bytes]], None]) -> None:
        self._core, self._instance, self._keys, self._send = core, instance, keys, send
        self._window = Window(at_once=_AT_ONCE, most=_MOST_UNANSWERED)
        self._preloads = Window(at_once=_MOST_PRELOADS, most=_MOST_PRELOADS)

    @property
    def wait_s(self) -> float:
        """How long to take nothing more; 0 when the core has time."""
        return self._window.wait_s

    def take(self, door: Door, received: Sequence[zmq.Frame]) -> None:
        """Hand one request to the core, or refuse it."""
        identity, *frames = (frame.bytes for frame in received)
        head = [identity, b""] if frames and not frames[0] else [identity]
        reply = Reply(lambda payload: self._send(door, [*head, wire.VERSION, payload]))
        try:
            request = read_request(frames[len(head) - 1 :], reply)
            self._hand_over(request, self._source(door, received[-1]), reply)
        except Rejected as rejected:
            self._core.refused(rejected.kind)
            log.info("zmq request refused door=%s verb=%s field=%s reason=%r", door.name, reply.verb, rejected.field, rejected.reason)
            reply.refuse(rejected.detail(), rejected.id)
        except Exception:  # a supervision boundary: it would be asked again, and end each daemon after this one
            self._core.refused(Refusal.INTERNAL)
            log.exception("zmq request failed door=%s verb=%s", door.name, reply.verb)
            reply.refuse({"reason": "internal error; the daemon's log has more"})

    def _hand_over(self, request: Say | Command, source: str, reply: Reply) -> None:
        window = self._preloads if isinstance(request, Prewarm) else self._window
        if window.full:
            raise Rejected("verb", "has to wait: too many requests are unanswered", "the same request, later", kind=Refusal.BUSY)
        number = window.enter()
        try:
            if isinstance(request, Say):
                self._core.submit(_message(request, source, partial(self._settle, number, request, reply)), lambda: None)
            else:
                self._core.command(request, Route(source, partial(self._answer, number, window, request, reply)))
        except Exception:
            window.leave(number)  # nobody else will answer it
            raise

    def _source(self, door: Door, frame: zmq.Frame) -> str:
        """Who asks: a name from the allow-list, or whoever may use the local sockets.

        Raises:
            Rejected: the key was on the list when its connection was made, and is no longer.
        """
        if not door.monitors:
            return f"zmq:{door.name}"
        try:
            if (name := self._keys.name_of(client_key(frame))) is not None:
                return f"zmq:{name}"
        except KeysError as error:
            log.error("nobody let in error=%r", str(error))
        raise Rejected("key", "was revoked", "a key on the allow-list", kind=Refusal.UNAUTHORISED)

    # ---- the core's thread

    def _settle(self, number: int, request: Say, reply: Reply, verdict: Verdict) -> None:
        self._window.leave(number)
        reply.send({"ok": verdict.status != "rejected", "status": verdict.status, "id": verdict.id or request.id, **verdict.detail})

    def _answer(self, number: int, window: Window, request: Command, reply: Reply, body: Mapping[str, Any]) -> None:
        window.leave(number)
        about = {"version": __version__, "instance": self._instance} if isinstance(request, (Ping, Status)) else {}
        reply.send({**body, **about})


def _message(request: Say, source: str, answer: Callable[[Verdict], None]) -> Message:
    return Message(
        payload=request.payload,
        source=source,
        content_type="application/json",
        correlation=None,
        reply_to=None,
        expiry_s=None,
        received_at=time.time(),
        received_monotonic=time.monotonic(),
        answer=answer,
    )
