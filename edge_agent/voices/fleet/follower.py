"""Follows the announcements of packs: fetches what is for this device, and gives it to the store."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.ingress.broker_client import BrokerClient, BrokerRefused, BrokerUnreachable, Heard
from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.voices.fleet.download import DownloadError
from edge_agent.voices.fleet.incoming import Incoming
from edge_agent.voices.fleet.refusals import Refusals
from edge_agent.voices.fleet.statement import Announcement, is_over, parse_envelope, read_statement
from edge_agent.voices.keys import Trust
from edge_agent.voices.store import AlreadyInstalled, Store

log = logging.getLogger(__name__)

_LISTEN_S = 1.0
_RETRY_S = (2.0, 300.0)
"""The first and the longest wait before something is tried again."""
_TURN_S = 600.0
"""After so long a download that is not complete lets others have their turn."""
_REST_S = 3600.0
"""How long a pack that was refused is left alone, although it may be announced again at every connection."""
_MAY_PASS = frozenset(
    {"busy", "consent_not_yet_valid", "consent_untrusted", "disk", "not_yet_valid", "quota", "state", "unreadable", "untrusted"}
)
"""Refusals that the same pack may not meet again while the program runs."""


class Follower:
    """Owns the thread named ``fleet``, with a connection of its own: a download must not hold up announcements.

    Args:
        config: how the daemon reaches the broker.
        store: where packs go.
        trust: whom to believe, asked every time.
        identity: this device in staged releases: the fingerprint of its key, or its name.
        incoming: folder for what is not complete yet; kept from start to start.
    """

    def __init__(self, config: MqttConfig, store: Store, trust: Callable[[], Trust], identity: str, incoming: Path) -> None:
        self._config, self._store, self._trust, self._identity = config, store, trust, identity
        self._incoming = Incoming(incoming)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self._waiting: dict[str, Announcement] = {}
        self._resting: dict[str, float] = {}
        self._refusals = Refusals()
        base = f"voice/{config.site}"
        self._chunks = f"{base}/pack"
        self.topics = [f"{base}/{config.device}/pack", f"{base}/all/pack", *(f"{base}/group/{group}/pack" for group in config.groups)]

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; what has come of a pack stays for the next start."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = _RETRY_S[0]
        while not self._stopping.is_set():
            try:
                with BrokerClient(self._config) as client:
                    client.subscribe(*self.topics)
                    wait_s = _RETRY_S[0]
                    self._listen(client)
            except (BrokerUnreachable, BrokerRefused) as error:
                log.info("fleet not connected error=%r", str(error))
            except Exception:  # a supervision boundary: one bad announcement must not end the thread
                log.exception("fleet failed")
            self._stopping.wait(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, _RETRY_S[1])

    def _listen(self, client: BrokerClient) -> None:
        wait_s = _RETRY_S[0]
        due = time.monotonic() + wait_s
        while not self._stopping.is_set():
            heard = client.hear(_LISTEN_S)
            if heard is not None and self._hear(heard):
                wait_s, due = _RETRY_S[0], time.monotonic()
            if self._waiting and time.monotonic() >= due:
                for announcement in list(self._waiting.values()):
                    self._follow(announcement, client)
                due = time.monotonic() + wait_s
                wait_s = min(2 * wait_s, _RETRY_S[1])

    def _hear(self, heard: Heard) -> bool:
        """Take a message; whether there is something new to follow."""
        if heard.topic not in self.topics or not heard.payload:
            return False
        by = f"mqtt:{heard.topic}"
        try:
            now = self._store.book.now(self._store.state())
            announcement = read_statement(Announcement, *parse_envelope(heard.payload), trust=self._trust(), now=now)
            concerns = self._concerns(announcement)
        except EdgeAgentError as error:
            self._refuse(error, by)
            return False
        known = self._waiting.get(announcement.sha256)
        if not concerns:
            if known is None:
                self._incoming.drop(announcement)  # the plug may have been pulled just after it was installed
            return False
        self._waiting[announcement.sha256] = announcement
        if announcement == known:
            return False
        log.info("pack announced voice=%s seq=%d size=%d", announcement.voice, announcement.seq, announcement.size)
        return True

    def _concerns(self, announcement: Announcement) -> bool:
        """An announcement is retained, so it comes again at every connection, long after it was followed."""
        entry = self._store.state().voices.get(announcement.voice)
        if entry is not None and announcement.seq <= entry.counter:
            return False
        if not announcement.reaches(self._identity):
            percent = announcement.rollout_percent
            log.info("pack is for others yet voice=%s seq=%d percent=%d", announcement.voice, announcement.seq, percent)
            return False
        if time.monotonic() < self._resting.get(announcement.sha256, 0.0):
            log.info("pack was refused before voice=%s seq=%d", announcement.voice, announcement.seq)
            return False
        return not self._was_for_others(announcement.sha256)

    def _was_for_others(self, sha256: str) -> bool:
        """Whether this very pack was fetched before, and its manifest leaves this device out. Only the log remembers over a restart."""
        try:
            records = self._store.book.records()
        except OSError:
            return False
        return any(each.detail.get("pack") == sha256 and each.detail.get("reason") == "rollout" for each in records)

    def _follow(self, announcement: Announcement, client: BrokerClient) -> None:
        turn_ends = time.monotonic() + _TURN_S

        def stopped() -> bool:
            return self._stopping.is_set() or time.monotonic() > turn_ends

        self._incoming.sweep(self._waiting)
        try:
            if self._is_wanted(announcement):
                self._install(announcement, self._incoming.obtain(announcement, _Chunks(client, self._hear), self._chunks, stopped))
        except (BrokerUnreachable, BrokerRefused):
            raise
        except DownloadError as error:
            log.warning("pack not fetched yet voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
            return
        except EdgeAgentError as error:
            self._refuse(error, "fleet")
            self._rest(announcement, error)
        except OSError as error:
            log.error("announced pack not stored voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
            self._incoming.drop(announcement)  # it may be what fills the disk
            return
        self._waiting.pop(announcement.sha256, None)
        self._incoming.drop(announcement)

    def _is_wanted(self, announcement: Announcement) -> bool:
        """Whether it is still to be followed: it may have ended, or been overtaken by a newer one, while it waited."""
        return not is_over(announcement, self._store.book.now(self._store.state())) and self._concerns(announcement)

    def _install(self, announcement: Announcement, part: Path) -> None:
        detail = {"pack": announcement.sha256}
        try:
            self._store.install(part, by="fleet", choose=announcement.choose, device=self._identity, detail=detail)
        except AlreadyInstalled:
            pass
        except EdgeAgentError as error:  # the store has recorded it
            log.error("announced pack refused voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
            self._rest(announcement, error)

    def _rest(self, announcement: Announcement, error: EdgeAgentError) -> None:
        reason = getattr(error, "reason", None)
        rest_s = _REST_S if reason is None or reason in _MAY_PASS else math.inf
        self._resting[announcement.sha256] = time.monotonic() + rest_s

    def _refuse(self, error: EdgeAgentError, by: str) -> None:
        log.warning("announcement refused by=%s error=%r", by, str(error))
        self._refusals.record(self._store, error, by)


class _Chunks:
    """The broker as the place where chunks lie; other announcements that come meanwhile are heard all the same."""

    def __init__(self, client: BrokerClient, hear: Callable[[Heard], object]) -> None:
        self._client, self._hear = client, hear

    def subscribe(self, *topics: str) -> None:
        self._client.subscribe(*topics)

    def unsubscribe(self, *topics: str) -> None:
        self._client.unsubscribe(*topics)

    def next_chunk(self, timeout_s: float) -> tuple[str, bytes] | None:
        heard = self._client.hear(timeout_s)
        if heard is not None:
            self._hear(heard)
        return None if heard is None else (heard.topic, heard.payload)


