"""Holds a running device against the configuration that ships for its class, and says how to bring it there."""

from edge_agent.service.doctor.device.examine import examine_device
from edge_agent.service.doctor.device.system import System

__all__ = ["System", "examine_device"]
