"""Why the cache does not do all it should."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from edge_agent.phrases.errors import IndexUnavailable

log = logging.getLogger(__name__)


class Trouble:
    """The latest trouble with disk or index, until it is :meth:`over`. Safe to use from any thread."""

    def __init__(self) -> None:
        self.why: str | None = None

    def note(self, why: str) -> None:
        """Logged when it begins, not each time."""
        if self.why is None:
            log.warning("event=cache_degraded reason=%r", why)
        self.why = why

    def over(self) -> None:
        self.why = None

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note trouble instead of raising it."""
        try:
            yield
        except (IndexUnavailable, OSError) as error:
            self.note(str(error))
