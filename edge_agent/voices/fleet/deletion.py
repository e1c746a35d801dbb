"""Follows signed orders to delete a voice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_agent.errors import EdgeAgentError
from edge_agent.ingress import Route
from edge_agent.voices.fleet.refusals import Refusals
from edge_agent.voices.fleet.statement import DeletionOrder, read_statement
from edge_agent.voices.keys import Trust
from edge_agent.voices.store import Receipt, Store, StoreError

log = logging.getLogger(__name__)


class Deletions:
    """Thread-safe.

    Args:
        store: where voices are deleted; it says which device this is.
        trust: whom to believe, asked every time.
    """

    def __init__(self, store: Store, trust: Callable[[], Trust]) -> None:
        self._store, self._trust = store, trust
        self._refusals = Refusals()

    def follow(self, content: bytes, signature: bytes, reply: Route) -> None:
        """Follow an order in a thread of its own, since files are overwritten and there may be many, and answer."""
        threading.Thread(target=self._follow, args=(content, signature, reply), name="voice deletion", daemon=True).start()

    def _follow(self, content: bytes, signature: bytes, reply: Route) -> None:
        try:
            receipt = self._delete(content, signature, by=reply.source)
            signed = receipt.path.with_name(f"{receipt.path.name}.minisig")
            proof = {"signature": signed.read_text("utf-8")} if receipt.signed else {}
            reply.answer(voice=receipt.voice, receipt=receipt.to_bytes().decode(), **proof)
        except EdgeAgentError as error:
            log.warning("deletion refused by=%s error=%r", reply.source, str(error))
            self._refusals.record(self._store, error, reply.source)
            reply.refuse(str(error), device=self._store.settings.device)
        except Exception:  # a supervision boundary: who asked over ZeroMQ would keep a place among the unanswered for ever
            log.exception("deletion failed by=%s", reply.source)
            reply.refuse("internal error; the daemon's log has more", device=self._store.settings.device)

    def _delete(self, content: bytes, signature: bytes, *, by: str) -> Receipt:
        store = self._store
        order = read_statement(DeletionOrder, content, signature, trust=self._trust(), now=store.book.now(store.state()))
        if not order.is_for(store.settings.device):
            raise StoreError("order", f"the order is for {', '.join(order.devices)}, and this is {store.settings.device}")
        return store.delete(order.voice, by=by, up_to=order.up_to)
