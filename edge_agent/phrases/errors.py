"""What can go wrong with the phrase cache. Playing a cached phrase raises none of these: a doubtful one is a miss."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class CacheError(EdgeAgentError):
    """The base of this package's errors."""


class NotCacheable(CacheError):
    """A recording or its key breaks the contract, and keeping it would only repeat the fault."""


class UnknownPhrase(CacheError):
    """No recording has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no cached phrase has the key {key!r}; list them with: edge-agent cache list")
        self.key = key


class PinnedOverBudget(CacheError):
    """Pinned phrases are never evicted, so they alone must fit the byte budget."""

    def __init__(self, *, n_bytes: int, pinned_bytes: int, budget_bytes: int) -> None:
        super().__init__(
            f"cannot pin {n_bytes} more bytes: {pinned_bytes} of the budget's {budget_bytes} bytes are pinned already; "
            "raise the cache budget or unpin other phrases"
        )
        self.n_bytes = n_bytes
        self.pinned_bytes = pinned_bytes
        self.budget_bytes = budget_bytes


class IndexUnavailable(CacheError):
    """The index cannot be read or written now: locked by another process, damaged, or its disk is full."""


class IndexDamaged(IndexUnavailable):
    """The index is not a database this release can use; being a cache's, it is made anew."""
