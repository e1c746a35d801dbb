"""Engines: phonemes in, PCM out."""

from edge_agent.synthesis.engine import PCM, Engine, SynthesisError
from edge_agent.synthesis.loader import load_engine
from edge_agent.synthesis.runtime import Runtime

__all__ = ["PCM", "Engine", "Runtime", "SynthesisError", "load_engine"]
