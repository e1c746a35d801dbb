"""What can go wrong while a voice is built."""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class QuantizeError(EdgeAgentError):
    """A checkpoint cannot become a voice, or a voice cannot be written."""
