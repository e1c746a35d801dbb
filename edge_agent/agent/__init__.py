"""The daemon: builds its parts from the configuration, starts them in order, stops them in reverse."""

from edge_agent.agent.agent import Agent
from edge_agent.agent.process import run

__all__ = ["Agent", "run"]
