"""The configuration: typed, from a TOML file, systemd credentials and the environment; all its faults at once.

Each section is a module, and each key a typed attribute with a description. A section builds what its component takes.
"""

from edge_agent.config.load import Loaded, find_file, load
from edge_agent.config.model import SECTIONS, Config
from edge_agent.config.paths import user_config
from edge_agent.config.problems import ConfigError, Origin, Problem

__all__ = ["SECTIONS", "Config", "ConfigError", "Loaded", "Origin", "Problem", "find_file", "load", "user_config"]
