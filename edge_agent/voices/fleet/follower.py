"""Follows the announcements of packs: fetches what is for this device, and gives it to the store."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge_agent.digest import sha256_of
from edge_agent.errors import EdgeAgentError
from edge_agent.ingress.broker_client import BrokerClient, BrokerRefused, BrokerUnreachable, Heard
from edge_agent.ingress.mqtt_config import MqttConfig
from edge_agent.voices.fleet.download import DownloadError, fetch_chunks, fetch_url
from edge_agent.voices.fleet.refusals import Refusals
from edge_agent.voices.fleet.statement import Announcement, StatementRefused, parse_envelope, read_statement
from edge_agent.voices.keys import Trust
from edge_agent.voices.store import AlreadyInstalled, Store

log = logging.getLogger(__name__)

_LISTEN_S = 1.0
_CHUNK_S = 30.0
"""How long a chunk may take; after that it is not there yet."""
_RETRY_S = (2.0, 300.0)
"""The first and the longest wait before something is tried again."""


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
        self._config, self._store, self._trust, self._identity, self._incoming = config, store, trust, identity, incoming
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self._waiting: dict[str, Announcement] = {}
        self._refusals = Refusals()
        base = f"voice/{config.site}"
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
        wait_s, idle_s = _RETRY_S[0], 0.0
        while not self._stopping.is_set():
            heard = client.hear(_LISTEN_S)
            if heard is not None:
                self._hear(heard)
                wait_s, idle_s = _RETRY_S[0], wait_s
            idle_s += _LISTEN_S
            if self._waiting and idle_s >= wait_s:
                for announcement in list(self._waiting.values()):
                    self._follow(announcement, client)
                wait_s, idle_s = min(2 * wait_s, _RETRY_S[1]), 0.0

    def _hear(self, heard: Heard) -> None:
        if heard.topic not in self.topics or not heard.payload:
            return
        by = f"mqtt:{heard.topic}"
        try:
            now = self._store.book.now(self._store.state())
            announcement = read_statement(Announcement, *parse_envelope(heard.payload), trust=self._trust(), now=now)
        except EdgeAgentError as error:
            self._refuse(error, by)
            return
        if self._concerns(announcement):
            log.info("pack announced voice=%s seq=%d size=%d", announcement.voice, announcement.seq, announcement.size)
            self._waiting[announcement.sha256] = announcement

    def _concerns(self, announcement: Announcement) -> bool:
        """An announcement is retained, so it comes again at every connection, long after it was followed."""
        entry = self._store.state().voices.get(announcement.voice)
        if entry is not None and announcement.seq <= entry.counter:
            return False
        if not announcement.reaches(self._identity):
            percent = announcement.rollout_percent
            log.info("pack is for others yet voice=%s seq=%d percent=%d", announcement.voice, announcement.seq, percent)
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
        part = self._incoming / f"{announcement.sha256}.part"
        self._sweep(part)
        try:
            self._fetch(announcement, part, client)
            if sha256_of(part) != announcement.sha256:
                part.unlink()
                raise StatementRefused("forged", f"what was fetched for voice {announcement.voice} is not what was announced")
            detail = {"pack": announcement.sha256}
            self._store.install(part, by="fleet", choose=announcement.choose, device=self._identity, detail=detail)
        except DownloadError as error:
            log.warning("pack not fetched yet voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
            return
        except (BrokerUnreachable, BrokerRefused):
            raise
        except StatementRefused as error:
            self._refuse(error, "fleet")
        except AlreadyInstalled:
            pass
        except EdgeAgentError as error:  # the store has recorded it
            log.error("announced pack refused voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
        except OSError as error:
            log.error("announced pack not stored voice=%s seq=%d error=%r", announcement.voice, announcement.seq, str(error))
            return
        self._waiting.pop(announcement.sha256, None)
        part.unlink(missing_ok=True)

    def _fetch(self, announcement: Announcement, part: Path, client: BrokerClient) -> None:
        if announcement.url is not None:
            try:
                fetch_url(announcement.url, part, announcement.size, self._stopping.is_set)
            except DownloadError:
                if announcement.chunk_bytes is None:
                    raise
            else:
                return
        assert announcement.chunk_bytes is not None
        base = f"voice/{self._config.site}/pack/{announcement.sha256}"
        chunks, stopped = _Chunks(client, self._hear), self._stopping.is_set
        fetch_chunks(chunks, base, part, announcement.size, announcement.chunk_bytes, timeout_s=_CHUNK_S, stopped=stopped)

    def _sweep(self, spared: Path) -> None:
        """Beginnings of packs that nobody announces any more."""
        wanted = {f"{digest}.part" for digest in self._waiting}
        for path in self._incoming.glob("*.part") if self._incoming.is_dir() else ():
            if path != spared and path.name not in wanted:
                with suppress(OSError):
                    path.unlink()

    def _refuse(self, error: EdgeAgentError, by: str) -> None:
        log.warning("announcement refused by=%s error=%r", by, str(error))
        self._refusals.record(self._store, error, by)


class _Chunks:
    """The broker as the place where chunks lie; other announcements that come meanwhile are heard all the same."""

    def __init__(self, client: BrokerClient, hear: Callable[[Heard], None]) -> None:
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


