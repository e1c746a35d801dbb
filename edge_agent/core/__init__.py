"""The state machine between a request and its end, in the event loop's thread."""

from edge_agent.core.core import Core
from edge_agent.core.ports import Ports

__all__ = ["Core", "Ports"]
