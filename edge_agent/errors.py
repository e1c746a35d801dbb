"""The base of every error this package raises."""

from __future__ import annotations


class EdgeAgentError(Exception):
    """Says what was wrong, where, and what to do about it."""
