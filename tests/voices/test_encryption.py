"""Encrypted streams, and targets that fail at any moment."""

from __future__ import annotations

import io

import pyrage
import pytest

from edge_agent.voices.encryption import encrypt

TEXT = bytes(range(256)) * 1024


class Failing(io.BytesIO):
    """Takes ``n`` writes and flushes."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = n

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")

    def write(self, content) -> int:
        self._count()
        return super().write(content)

    def flush(self) -> None:
        self._count()


def test_what_went_in_comes_out():
    own, target = pyrage.x25519.Identity.generate(), io.BytesIO()
    encrypt(io.BytesIO(TEXT), target, [own.to_public()])
    assert pyrage.decrypt(target.getvalue(), [own]) == TEXT


def test_a_target_that_fails_at_any_write_is_told():
    own = pyrage.x25519.Identity.generate().to_public()
    whole = Failing(10_000)
    encrypt(io.BytesIO(TEXT), whole, [own])
    n_calls = 10_000 - whole.left
    assert n_calls >= 2
    for n in range(n_calls):
        with pytest.raises(OSError, match="No space left"):
            encrypt(io.BytesIO(TEXT), Failing(n), [own])
