"""The state machine between a request and its end, in the event loop's thread."""

from edge_agent.core.core import Core, Ports

__all__ = ["Core", "Ports"]
